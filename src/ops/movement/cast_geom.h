#ifndef GLIA_OPS_MOVEMENT_CAST_GEOM_H
#define GLIA_OPS_MOVEMENT_CAST_GEOM_H

#include "core/ops.h"
#include "glia/ops/movement.h"

enum { CAST_X };

typedef struct glia_cast_geom {
    int count;
    glia_dtype from, to;
} glia_cast_geom;

#endif
