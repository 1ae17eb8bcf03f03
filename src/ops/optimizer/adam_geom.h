#ifndef GLI_OPS_OPTIMIZER_ADAM_GEOM_H
#define GLI_OPS_OPTIMIZER_ADAM_GEOM_H

#include "glia/ops/optimizer.h"

enum {
    GLI_ADAM_PARAM,
    GLI_ADAM_GRAD,
    GLI_ADAM_RATE,
    GLI_ADAM_STEP,
    GLI_ADAM_M,
    GLI_ADAM_V,
    GLI_ADAM_SKIP,
    GLI_ADAM_HALF
};
enum { GLI_ADAM_NEW_PARAM, GLI_ADAM_NEW_M, GLI_ADAM_NEW_V, GLI_ADAM_NEW_HALF };

/* The params, without their defaults. */
typedef struct gli_adam_geom {
    int count;
    bool decoupled;
    double beta1, beta2, epsilon, weight_decay, l1;
} gli_adam_geom;

#endif
