#ifndef GLIA_OPS_MOVEMENT_RESHAPE_GEOM_H
#define GLIA_OPS_MOVEMENT_RESHAPE_GEOM_H

#include "core/ops.h"
#include "glia/ops/movement.h"

enum { RESHAPE_X };

typedef struct glia_reshape_geom {
    int count;
    int ndim; /* of x */
    int64_t dim[GLIA_MAX_DIMS];
} glia_reshape_geom;

#endif
