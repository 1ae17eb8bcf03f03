#ifndef GLI_OPS_OPTIMIZER_SGD_GEOM_H
#define GLI_OPS_OPTIMIZER_SGD_GEOM_H

#include "glia/ops/optimizer.h"

enum {
    GLI_SGD_PARAM,
    GLI_SGD_GRAD,
    GLI_SGD_RATE,
    GLI_SGD_VELOCITY,
    GLI_SGD_SKIP,
    GLI_SGD_HALF
}; /* the last three may be absent */
enum { GLI_SGD_NEW_PARAM, GLI_SGD_NEW_VELOCITY, GLI_SGD_NEW_HALF }; /* the last two may be absent */

typedef struct gli_sgd_geom {
    int count;
    bool nesterov;
    double momentum, dampening, weight_decay, l1;
} gli_sgd_geom;

#endif
