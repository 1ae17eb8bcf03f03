#ifndef GLI_OPS_METRIC_ACCURACY_GEOM_H
#define GLI_OPS_METRIC_ACCURACY_GEOM_H

#include "glia/ops/metric.h"

enum { GLI_ACCURACY_PREDICTION, GLI_ACCURACY_TARGET, GLI_ACCURACY_COUNTS };

/* Item i of n * inner has class c at element ((i / inner) * classes + c) * inner + i % inner of prediction; binary has
 * n items and no classes. */
typedef struct gli_accuracy_geom {
    int n, classes, inner;
    int k;
    bool binary;
    bool dense; /* by class: the target has one number for each class */
    bool ignore;
    int64_t ignore_index;
    double threshold; /* of the numbers in prediction */
} gli_accuracy_geom;

#endif
