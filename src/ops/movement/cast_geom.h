#ifndef GLI_OPS_MOVEMENT_CAST_GEOM_H
#define GLI_OPS_MOVEMENT_CAST_GEOM_H

#include "glia/ops/movement.h"

enum { GLI_CAST_X };

typedef struct gli_cast_geom {
    int count;
    glia_dtype from, to;
} gli_cast_geom;

#endif
