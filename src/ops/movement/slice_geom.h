/* slice and slice_backward. */
#ifndef GLI_OPS_MOVEMENT_SLICE_GEOM_H
#define GLI_OPS_MOVEMENT_SLICE_GEOM_H

#include "glia/ops/backward/movement.h"

enum { GLI_SLICE_X };
enum { GLI_SLICE_BACKWARD_DY };

/* Element i of the part along dimension k is element start[k] + i step[k] of the whole; i < count[k]. */
typedef struct gli_slice_geom {
    int ndim;
    int whole[GLIA_MAX_DIMS]; /* the shape of the whole */
    int start[GLIA_MAX_DIMS], step[GLIA_MAX_DIMS], count[GLIA_MAX_DIMS];
} gli_slice_geom;

#endif
