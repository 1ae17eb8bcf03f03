#ifndef GLIA_OPS_OPTIMIZER_SGD_GEOM_H
#define GLIA_OPS_OPTIMIZER_SGD_GEOM_H

#include "core/ops.h"
#include "glia/ops/optimizer.h"

enum { SGD_PARAM, SGD_GRAD, SGD_RATE, SGD_VELOCITY }; /* velocity may be absent: zeros */
enum { SGD_NEW_PARAM, SGD_NEW_VELOCITY };             /* outputs; the second may be absent */

typedef struct glia_sgd_geom {
    int count;
    bool nesterov;
    double momentum, dampening, l1, l2;
} glia_sgd_geom;

#endif
