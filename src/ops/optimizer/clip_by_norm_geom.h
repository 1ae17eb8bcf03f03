#ifndef GLIA_OPS_OPTIMIZER_CLIP_BY_NORM_GEOM_H
#define GLIA_OPS_OPTIMIZER_CLIP_BY_NORM_GEOM_H

#include "core/ops.h"
#include "glia/ops/optimizer.h"

enum { CLIP_BY_NORM_G };
enum { CLIP_BY_NORM_Y, CLIP_BY_NORM_NORM };

#define CLIP_BY_NORM_EPSILON 1e-6

typedef struct glia_clip_by_norm_geom {
    int count;
    double max_norm;
} glia_clip_by_norm_geom;

#endif
