#ifndef GLIA_OPS_MOVEMENT_ONE_HOT_GEOM_H
#define GLIA_OPS_MOVEMENT_ONE_HOT_GEOM_H

#include "core/ops.h"
#include "glia/ops/movement.h"

enum { ONE_HOT_INDICES };

typedef struct glia_one_hot_geom {
    int count, classes; /* y is [count, classes] */
    double on, off;
} glia_one_hot_geom;

#endif
