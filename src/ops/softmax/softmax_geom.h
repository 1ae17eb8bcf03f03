/* softmax and softmax_backward: what every provider of them may rely on. */
#ifndef GLIA_OPS_SOFTMAX_SOFTMAX_GEOM_H
#define GLIA_OPS_SOFTMAX_SOFTMAX_GEOM_H

#include "core/ops.h"
#include "glia/ops/reduce.h"

enum { SOFTMAX_X };
enum { SOFTMAX_BACKWARD_Y, SOFTMAX_BACKWARD_DY };

/* The tensor as [outer, length, inner], softmax over length. */
typedef struct glia_softmax_geom {
    int axis;
    int outer, length, inner;
    int log;
} glia_softmax_geom;

#endif
