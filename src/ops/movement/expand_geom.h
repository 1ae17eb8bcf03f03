#ifndef GLI_OPS_MOVEMENT_EXPAND_GEOM_H
#define GLI_OPS_MOVEMENT_EXPAND_GEOM_H

#include "glia/ops/movement.h"

enum { GLI_EXPAND_X };

typedef struct gli_expand_geom {
    int ndim;  /* of y */
    int added; /* dimensions of y before those of x */
    int64_t dim[GLIA_MAX_DIMS];
    bool repeated[GLIA_MAX_DIMS]; /* dimensions of y along which x is repeated */
} gli_expand_geom;

#endif
