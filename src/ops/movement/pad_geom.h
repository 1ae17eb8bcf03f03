#ifndef GLI_OPS_MOVEMENT_PAD_GEOM_H
#define GLI_OPS_MOVEMENT_PAD_GEOM_H

#include "glia/ops/movement.h"

enum { GLI_PAD_X };

typedef struct gli_pad_geom {
    int ndim;
    int before[GLIA_MAX_DIMS], size[GLIA_MAX_DIMS]; /* size: of x */
    double value;
} gli_pad_geom;

#endif
