#ifndef GLI_OPS_MOVEMENT_ONE_HOT_GEOM_H
#define GLI_OPS_MOVEMENT_ONE_HOT_GEOM_H

#include "glia/ops/movement.h"

enum { GLI_ONE_HOT_INDICES };

typedef struct gli_one_hot_geom {
    int count, classes; /* y is [count, classes] */
    double on, off;
} gli_one_hot_geom;

#endif
