/* Detections in order. */
#ifndef GLI_DETECT_DETECTIONS_H
#define GLI_DETECT_DETECTIONS_H

#include "core/context_impl.h"
#include "core/memory.h"
#include "glia/detect.h"

/* The number of a detection, and what it is sorted by. */
typedef struct gli_ranked {
    int64_t label, image, index;
    float score;
} gli_ranked;

/* By class, by picture, by falling score, by number; and with the score before the picture. */
void gli_sort_by_image(gli_ranked *ranked, int64_t n);
void gli_sort_by_score(gli_ranked *ranked, int64_t n);

/* Scores are numbers, and boxes have corners in order. `ranked` has room for all. */
glia_status gli_check_detections(glia_context *ctx, const char *call, const glia_detection *detections, int64_t n);
glia_status gli_check_box(glia_context *ctx, const char *call, const char *what, int64_t index, glia_box box);

/* Area of the intersection, and of a box. */
double gli_box_shared(glia_box a, glia_box b);
double gli_box_area(glia_box box);

#endif
