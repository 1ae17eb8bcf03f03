#ifndef GLIA_OPS_OPTIMIZER_RMSPROP_GEOM_H
#define GLIA_OPS_OPTIMIZER_RMSPROP_GEOM_H

#include "core/ops.h"
#include "glia/ops/optimizer.h"

enum {
    RMSPROP_PARAM,
    RMSPROP_GRAD,
    RMSPROP_RATE,
    RMSPROP_SQUARE,
    RMSPROP_VELOCITY,
    RMSPROP_MEAN
}; /* the last two
    may be absent */
enum { RMSPROP_NEW_PARAM, RMSPROP_NEW_SQUARE, RMSPROP_NEW_VELOCITY, RMSPROP_NEW_MEAN };

typedef struct glia_rmsprop_geom {
    int count;
    bool centered;
    double alpha, epsilon, momentum, l1, l2;
} glia_rmsprop_geom;

#endif
