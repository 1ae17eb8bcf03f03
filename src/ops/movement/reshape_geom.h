#ifndef GLI_OPS_MOVEMENT_RESHAPE_GEOM_H
#define GLI_OPS_MOVEMENT_RESHAPE_GEOM_H

#include "glia/ops/movement.h"

enum { GLI_RESHAPE_X };

typedef struct gli_reshape_geom {
    int count;
    int ndim; /* of x */
    int64_t dim[GLIA_MAX_DIMS];
} gli_reshape_geom;

#endif
