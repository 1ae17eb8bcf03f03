#ifndef GLI_OPS_METRIC_ACCUMULATE_GEOM_H
#define GLI_OPS_METRIC_ACCUMULATE_GEOM_H

#include "glia/ops/metric.h"

enum { GLI_ACCUMULATE_VALUE, GLI_ACCUMULATE_SUMS };

typedef struct gli_accumulate_geom {
    double weight;
} gli_accumulate_geom;

#endif
