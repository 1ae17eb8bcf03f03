#ifndef GLIA_OPS_MOVEMENT_TRANSPOSE_GEOM_H
#define GLIA_OPS_MOVEMENT_TRANSPOSE_GEOM_H

#include "core/ops.h"
#include "glia/ops/movement.h"

enum { TRANSPOSE_X };

typedef struct glia_transpose_geom {
    int ndim;
    int permutation[GLIA_MAX_DIMS]; /* never the default: dimension i of y is dimension permutation[i] of x */
} glia_transpose_geom;

#endif
