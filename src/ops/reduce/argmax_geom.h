/* argmax: what every provider of it may rely on. */
#ifndef GLI_OPS_REDUCE_ARGMAX_GEOM_H
#define GLI_OPS_REDUCE_ARGMAX_GEOM_H

#include "glia/ops/reduce.h"

/* x as [outer, length, inner], y as [outer, inner]. */
typedef struct gli_argmax_geom {
    int axis, keep_dims;
    int outer, length, inner;
} gli_argmax_geom;

#endif
