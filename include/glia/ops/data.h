/* What a training step reads its samples and counts its steps with, so that nothing comes from the host. */
#ifndef GLIA_OPS_DATA_H
#define GLIA_OPS_DATA_H

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GLIA_MAX_TRANSFORMS = 12 };

/* What changes a picture in training; each kind is described at the function of glia/augment.h that makes it. */
typedef enum glia_transform_kind {
    GLIA_TRANSFORM_NONE, /* the end of a list */
    GLIA_TRANSFORM_CROP, /* from here on: where pixels come from */
    GLIA_TRANSFORM_FLIP,
    GLIA_TRANSFORM_FLIP_VERTICAL,
    GLIA_TRANSFORM_RESIZED_CROP,
    GLIA_TRANSFORM_SCALE,
    GLIA_TRANSFORM_ROTATE,
    GLIA_TRANSFORM_TRANSLATE,
    GLIA_TRANSFORM_SHEAR,
    GLIA_TRANSFORM_BRIGHTNESS, /* their colours */
    GLIA_TRANSFORM_CONTRAST,
    GLIA_TRANSFORM_SATURATION,
    GLIA_TRANSFORM_NOISE,
    GLIA_TRANSFORM_CUTOUT, /* what is left out */
    GLIA_TRANSFORM_ERASE,
    GLIA_TRANSFORM_MIXUP, /* what comes from another sample */
    GLIA_TRANSFORM_CUTMIX
} glia_transform_kind;

/* What the samples are to the transforms. */
typedef enum glia_take_role {
    GLIA_TAKE_PLAIN,      /* they stay as they are */
    GLIA_TAKE_PICTURE,    /* [C,H,W] or [H,W] */
    GLIA_TAKE_MASK,       /* of a picture, of its height and width: moves as it does */
    GLIA_TAKE_CLASSES,    /* one class each: y has probabilities, which mixup and cutmix share out */
    GLIA_TAKE_MIXED,      /* numbers that mixup and cutmix mix */
    GLIA_TAKE_BOXES,      /* [M,4]: boxes around what is in a picture, see glia_augment_args */
    GLIA_TAKE_BOX_CLASSES /* [M]: a class for each box, which -1 replaces where the box is empty */
} glia_take_role;

typedef struct glia_take_batch_params {
    int batch;           /* samples to take; at least 1 */
    glia_take_role role; /* the following count if it is not GLIA_TAKE_PLAIN */
    int classes;         /* of GLIA_TAKE_CLASSES; at least 2 */
    int size[2];         /* height and width of the picture; 0 of pictures and masks, whose samples have them */
    int crop[2];         /* height and width that pictures and masks have in y, at most their own; 0 and 0: their own */
    glia_transform_kind kind[GLIA_MAX_TRANSFORMS]; /* in their order, each kind once, up to the first NONE */
    double probability[GLIA_MAX_TRANSFORMS];       /* that it is applied, 0 to 1 */
    double value[3 * GLIA_MAX_TRANSFORMS];         /* the three numbers of each, as in glia_transform */
    double black[4], white[4]; /* of pictures: the numbers of the first channels where a picture has 0 and 1 */
    double fill;               /* of pixels without a source: of pictures from 0 to 1, of masks as it is */
    bool edge;                 /* they have the nearest pixel of the picture instead */
    bool nearest;              /* pictures are resampled with the nearest pixel, as masks are; otherwise bilinear */
    uint64_t seed;             /* of what is drawn, with the epoch and the number of the sample */
} glia_take_batch_params;

/* y[b, ...] = samples[view[order[position + b]], ...] for b = 0 .. batch-1, through a table where there is one:
 * y[b, i...] = table[c, samples[view[order[position + b]], i...]], where c counts the C equal parts of a sample;
 * without view the number of a sample is its index. With a role, as the transforms of glia/augment.h make it, by what
 * is drawn for (seed, epoch, order[position + b]). Classes of boxes draw nothing and need no transforms: they follow
 * `boxes`, which are the batch as GLIA_TAKE_BOXES made it.
 *
 * A position past the end of order, or a sample index or a class out of range, makes the call return
 * GLIA_INVALID_ARGUMENT.
 *
 * samples: any dtype [N, ...], u8 with a table; pictures are f32, or have a table of one part or one for each channel,
 * classes are i32 or i64 [N], those of boxes [N,K], mixed numbers and boxes f32   order: i64 [M]   position: i64, one
 * element
 *
 * May be NULL: table: f32 [C,256]   epoch: i64, one element of which the low 32 bits count; a role needs it
 * view: i64 [V] of indices of samples, order then has numbers below V   boxes: f32 [batch,K,4], of classes of boxes
 *
 * y: [batch, ...] of the dtype of samples, f32 with a table; of classes f32 [batch,classes]; of pictures and masks with
 * the height and width of crop */
GLIA_API glia_status glia_take_batch(glia_context *ctx, const glia_take_batch_params *params,
                                     const glia_tensor *samples, const glia_tensor *order, const glia_tensor *position,
                                     const glia_tensor *table, const glia_tensor *epoch, const glia_tensor *view,
                                     const glia_tensor *boxes, glia_tensor *y);

enum { GLIA_MAX_COUNTERS = 4 };

typedef struct glia_increment_params {
    int64_t by[GLIA_MAX_COUNTERS];
} glia_increment_params;

/* y[i] = x[i] + by[i].
 * x, y: i64 [n], n at most GLIA_MAX_COUNTERS; y may be x. */
GLIA_API glia_status glia_increment(glia_context *ctx, const glia_increment_params *params, const glia_tensor *x,
                                    glia_tensor *y);

#ifdef __cplusplus
}
#endif
#endif
