#ifndef GLI_OPS_MOVEMENT_CONCAT_GEOM_H
#define GLI_OPS_MOVEMENT_CONCAT_GEOM_H

#include "core/ops.h"
#include "glia/ops/movement.h"

typedef struct gli_concat_geom {
    int axis;
    int n;
    int start[GLI_MAX_IN + 1]; /* along the axis of y: input i holds start[i] .. start[i + 1] - 1 */
} gli_concat_geom;

#endif
