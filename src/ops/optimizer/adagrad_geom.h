#ifndef GLIA_OPS_OPTIMIZER_ADAGRAD_GEOM_H
#define GLIA_OPS_OPTIMIZER_ADAGRAD_GEOM_H

#include "core/ops.h"
#include "glia/ops/optimizer.h"

enum { ADAGRAD_PARAM, ADAGRAD_GRAD, ADAGRAD_RATE, ADAGRAD_SUM };
enum { ADAGRAD_NEW_PARAM, ADAGRAD_NEW_SUM };

typedef struct glia_adagrad_geom {
    int count;
    double epsilon, l1, l2;
} glia_adagrad_geom;

#endif
