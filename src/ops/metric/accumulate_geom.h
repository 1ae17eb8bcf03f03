#ifndef GLI_OPS_METRIC_ACCUMULATE_GEOM_H
#define GLI_OPS_METRIC_ACCUMULATE_GEOM_H

#include "glia/ops/metric.h"

enum { GLI_ACCUMULATE_VALUE, GLI_ACCUMULATE_WEIGHT, GLI_ACCUMULATE_SUMS };

typedef struct gli_accumulate_geom {
    double factor, weight;
    int values, weights; /* elements; weights: -1 without the tensor */
} gli_accumulate_geom;

#endif
