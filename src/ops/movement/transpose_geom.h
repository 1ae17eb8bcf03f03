#ifndef GLI_OPS_MOVEMENT_TRANSPOSE_GEOM_H
#define GLI_OPS_MOVEMENT_TRANSPOSE_GEOM_H

#include "glia/ops/movement.h"

enum { GLI_TRANSPOSE_X };

typedef struct gli_transpose_geom {
    int ndim;
    int permutation[GLIA_MAX_DIMS]; /* never the default: dimension i of y is dimension permutation[i] of x */
} gli_transpose_geom;

#endif
