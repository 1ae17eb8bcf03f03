#ifndef GLIA_OPS_OPTIMIZER_ADAM_GEOM_H
#define GLIA_OPS_OPTIMIZER_ADAM_GEOM_H

#include "core/ops.h"
#include "glia/ops/optimizer.h"

enum { ADAM_PARAM, ADAM_GRAD, ADAM_RATE, ADAM_STEP, ADAM_M, ADAM_V };
enum { ADAM_NEW_PARAM, ADAM_NEW_M, ADAM_NEW_V };

/* The params, without their defaults. */
typedef struct glia_adam_geom {
    int count;
    bool decoupled;
    double beta1, beta2, epsilon, l1, l2;
} glia_adam_geom;

#endif
