/* Detection: boxes around things in pictures, which of them to keep, and how good they are. Plain functions of arrays
 * in the host's memory; a context keeps messages and lends memory. */
#ifndef GLIA_DETECT_H
#define GLIA_DETECT_H

#include "glia/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* In whatever unit, rows growing downwards; its area is (right - left) (bottom - top). Corners are places, not pixels:
 * a box of one pixel is {x, y, x + 1, y + 1}. */
typedef struct glia_box {
    float left, top, right, bottom;
} glia_box;

/* Area of the intersection over that of the union; 0 of two empty boxes. Source: torchvision's box_iou. */
GLIA_API double glia_box_iou(glia_box a, glia_box b);

typedef struct glia_detection {
    int64_t image; /* any number of the picture */
    int64_t label; /* the class, from 0 on */
    float score;
    glia_box box;
} glia_detection;

typedef struct glia_nms_args {
    glia_optional iou_threshold; /* [0.5] */
    bool any_label;              /* boxes of other classes suppress, too */
} glia_nms_args;

/* Non-maximum suppression: goes through the detections of each picture and class by falling score, of equal ones the
 * one that comes first, and drops those whose iou with one that was kept is above the threshold. kept receives the
 * numbers of those that stay, by falling score, and has room for n; args may be NULL. Source: torchvision's nms and,
 * since pictures and classes keep to themselves, batched_nms. */
GLIA_API glia_status glia_nms(glia_context *ctx, const glia_detection *detections, int64_t n, const glia_nms_args *args,
                              int64_t *kept, int64_t *n_kept);

/* A ground-truth box. */
typedef struct glia_truth {
    int64_t image, label;
    glia_box box;
    bool ignored; /* COCO's iscrowd, VOC's difficult: what matches it is neither a true nor a false positive */
} glia_truth;

typedef enum glia_precision_rule {
    GLIA_PRECISION_COCO,  /* the mean of the precisions at 101 recalls, 0, 0.01, ..., 1 */
    GLIA_PRECISION_VOC,   /* the area under the curve, as from 2010 on */
    GLIA_PRECISION_VOC_11 /* the mean at 11 recalls, as in 2007 */
} glia_precision_rule;

typedef struct glia_average_precision_args {
    glia_precision_rule rule;
    int64_t classes;              /* labels are 0 .. classes - 1 */
    const double *iou_thresholds; /* default: 0.5, 0.55, ..., 0.95 of COCO, 0.5 of VOC */
    int n_thresholds;
    int64_t most; /* detections of a picture and class, those of the highest scores: maxDets [100 of COCO, else all] */
} glia_average_precision_args;

/* The average precision of each class, over the thresholds, and their mean. Detections of a class are ranked by score,
 * ties by picture, then by index; each is matched to at most one ground truth of its picture that has no match yet. The
 * precision at a recall is the largest at it or at a higher one. A class without ground truths that count has NaN and
 * takes no part in the mean, which is NaN if none does.
 *   COCO: the unmatched one with the highest iou, which is at least the threshold, the last of equal ones, an ignored
 *         one only if there is no other; of an ignored one the iou is the part of the detection inside it
 *   VOC:  the one with the highest iou, the first of equal ones, which must be above the threshold; if it has a match
 *         already, the detection is a false positive. Without the pixel that VOC's own program
 *         adds to widths and heights.
 * each: [classes], or NULL.
 * mean: one number, or NULL.
 * Source: pycocotools' COCOeval, of all areas; VOC's development kit. */
GLIA_API glia_status glia_average_precision(glia_context *ctx, const glia_detection *detections, int64_t n_detections,
                                            const glia_truth *truths, int64_t n_truths,
                                            const glia_average_precision_args *args, double *each, double *mean);

#ifdef __cplusplus
}
#endif
#endif
