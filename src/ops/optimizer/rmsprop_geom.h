#ifndef GLI_OPS_OPTIMIZER_RMSPROP_GEOM_H
#define GLI_OPS_OPTIMIZER_RMSPROP_GEOM_H

#include "glia/ops/optimizer.h"

enum {
    GLI_RMSPROP_PARAM,
    GLI_RMSPROP_GRAD,
    GLI_RMSPROP_RATE,
    GLI_RMSPROP_SQUARE,
    GLI_RMSPROP_VELOCITY,
    GLI_RMSPROP_MEAN,
    GLI_RMSPROP_SKIP,
    GLI_RMSPROP_HALF
}; /* the last four may be absent */
enum {
    GLI_RMSPROP_NEW_PARAM,
    GLI_RMSPROP_NEW_SQUARE,
    GLI_RMSPROP_NEW_VELOCITY,
    GLI_RMSPROP_NEW_MEAN,
    GLI_RMSPROP_NEW_HALF
};

typedef struct gli_rmsprop_geom {
    int count;
    bool centered;
    double alpha, epsilon, momentum, weight_decay, l1;
} gli_rmsprop_geom;

#endif
