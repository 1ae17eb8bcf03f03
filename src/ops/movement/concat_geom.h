#ifndef GLI_OPS_MOVEMENT_CONCAT_GEOM_H
#define GLI_OPS_MOVEMENT_CONCAT_GEOM_H

#include "glia/ops/movement.h"

enum { GLI_CONCAT_MAX_INPUTS = 32 };

typedef struct gli_concat_geom {
    int axis;
    int n;
    int start[GLI_CONCAT_MAX_INPUTS + 1]; /* along the axis of y: input i holds start[i] .. start[i + 1] - 1 */
} gli_concat_geom;

#endif
