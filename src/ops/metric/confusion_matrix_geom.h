#ifndef GLI_OPS_METRIC_CONFUSION_MATRIX_GEOM_H
#define GLI_OPS_METRIC_CONFUSION_MATRIX_GEOM_H

#include "glia/ops/metric.h"

enum { GLI_CONFUSION_MATRIX_PREDICTION, GLI_CONFUSION_MATRIX_TARGET, GLI_CONFUSION_MATRIX_MATRIX };

typedef struct gli_confusion_matrix_geom {
    int n, classes;
    bool ignore;
    int64_t ignore_index;
} gli_confusion_matrix_geom;

#endif
