#ifndef GLIA_OPS_METRIC_ACCUMULATE_GEOM_H
#define GLIA_OPS_METRIC_ACCUMULATE_GEOM_H

#include "core/ops.h"
#include "glia/ops/metric.h"

enum { ACCUMULATE_VALUE, ACCUMULATE_SUMS };

typedef struct glia_accumulate_geom {
    double weight;
} glia_accumulate_geom;

#endif
