#ifndef GLI_OPS_OPTIMIZER_CLIP_BY_NORM_GEOM_H
#define GLI_OPS_OPTIMIZER_CLIP_BY_NORM_GEOM_H

#include "glia/ops/optimizer.h"

enum { GLI_CLIP_BY_NORM_G };
enum { GLI_CLIP_BY_NORM_Y, GLI_CLIP_BY_NORM_NORM };

#define GLI_CLIP_BY_NORM_EPSILON 1e-6

typedef struct gli_clip_by_norm_geom {
    int count;
    double max_norm;
} gli_clip_by_norm_geom;

#endif
