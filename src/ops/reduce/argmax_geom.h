/* argmax: what every provider of it may rely on. */
#ifndef GLIA_OPS_REDUCE_ARGMAX_GEOM_H
#define GLIA_OPS_REDUCE_ARGMAX_GEOM_H

#include "core/ops.h"
#include "glia/ops/reduce.h"

/* x as [outer, length, inner], y as [outer, inner]. */
typedef struct glia_argmax_geom {
    int axis, keep_dims;
    int outer, length, inner;
} glia_argmax_geom;

#endif
