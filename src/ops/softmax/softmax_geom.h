/* softmax and softmax_backward: what every provider of them may rely on. */
#ifndef GLI_OPS_SOFTMAX_SOFTMAX_GEOM_H
#define GLI_OPS_SOFTMAX_SOFTMAX_GEOM_H

#include "glia/ops/backward/softmax.h"

enum { GLI_SOFTMAX_X };
enum { GLI_SOFTMAX_BACKWARD_Y, GLI_SOFTMAX_BACKWARD_DY };

/* The tensor as [outer, length, inner], softmax over length. */
typedef struct gli_softmax_geom {
    int axis;
    int outer, length, inner;
    int log;
} gli_softmax_geom;

#endif
