#ifndef GLIA_OPS_MOVEMENT_PAD_GEOM_H
#define GLIA_OPS_MOVEMENT_PAD_GEOM_H

#include "core/ops.h"
#include "glia/ops/movement.h"

enum { PAD_X };

typedef struct glia_pad_geom {
    int ndim;
    int before[GLIA_MAX_DIMS], size[GLIA_MAX_DIMS]; /* size: of x */
    double value;
} glia_pad_geom;

#endif
