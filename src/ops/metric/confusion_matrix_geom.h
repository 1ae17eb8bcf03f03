#ifndef GLIA_OPS_METRIC_CONFUSION_MATRIX_GEOM_H
#define GLIA_OPS_METRIC_CONFUSION_MATRIX_GEOM_H

#include "core/ops.h"
#include "glia/ops/metric.h"

enum { CONFUSION_MATRIX_PREDICTION, CONFUSION_MATRIX_TARGET, CONFUSION_MATRIX_MATRIX };

typedef struct glia_confusion_matrix_geom {
    int n, classes;
    bool ignore;
    int64_t ignore_index;
} glia_confusion_matrix_geom;

#endif
