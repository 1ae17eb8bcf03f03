#ifndef GLI_OPS_METRIC_ACCUMULATE_GEOM_H
#define GLI_OPS_METRIC_ACCUMULATE_GEOM_H

#include "glia/ops/metric.h"

enum { GLI_ACCUMULATE_VALUE, GLI_ACCUMULATE_WEIGHT, GLI_ACCUMULATE_SUMS, GLI_ACCUMULATE_COUNTERS };
enum { GLI_ACCUMULATE_NEW_SUMS, GLI_ACCUMULATE_NEW_COUNTERS };

typedef struct gli_accumulate_geom {
    double factor, weight;
    int values, weights; /* elements; weights: -1 without the tensor */
    int counters;        /* 0: there are none */
    int64_t by[GLIA_MAX_COUNTERS];
} gli_accumulate_geom;

#endif
