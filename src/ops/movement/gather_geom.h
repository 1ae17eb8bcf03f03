/* gather and gather_backward. */
#ifndef GLI_OPS_MOVEMENT_GATHER_GEOM_H
#define GLI_OPS_MOVEMENT_GATHER_GEOM_H

#include "glia/ops/backward/movement.h"

enum { GLI_GATHER_X, GLI_GATHER_INDICES }; /* of gather_backward: dy and the indices */

/* x is [outer, size, inner], the indices [count], y is [outer, count, inner]. A negative index counts from the end. */
typedef struct gli_gather_geom {
    int outer, size, inner, count;
    int axis, index_ndim;
    int padding; /* from 0; -1: none */
} gli_gather_geom;

#endif
