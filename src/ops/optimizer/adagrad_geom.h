#ifndef GLI_OPS_OPTIMIZER_ADAGRAD_GEOM_H
#define GLI_OPS_OPTIMIZER_ADAGRAD_GEOM_H

#include "glia/ops/optimizer.h"

enum { GLI_ADAGRAD_PARAM, GLI_ADAGRAD_GRAD, GLI_ADAGRAD_RATE, GLI_ADAGRAD_SUM, GLI_ADAGRAD_SKIP, GLI_ADAGRAD_HALF };
enum { GLI_ADAGRAD_NEW_PARAM, GLI_ADAGRAD_NEW_SUM, GLI_ADAGRAD_NEW_HALF };

typedef struct gli_adagrad_geom {
    int count;
    double epsilon, weight_decay, l1;
} gli_adagrad_geom;

#endif
