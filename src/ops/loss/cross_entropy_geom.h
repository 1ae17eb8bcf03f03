/* cross_entropy and cross_entropy_backward. */
#ifndef GLIA_OPS_LOSS_CROSS_ENTROPY_GEOM_H
#define GLIA_OPS_LOSS_CROSS_ENTROPY_GEOM_H

#include "core/ops.h"
#include "glia/ops/loss.h"

enum { CROSS_ENTROPY_X, CROSS_ENTROPY_TARGET, CROSS_ENTROPY_WEIGHT, CROSS_ENTROPY_DY }; /* dy: of the backward op */

/* The least probability whose logarithm is taken. */
#define CROSS_ENTROPY_EPSILON 1e-7

/* Item i of n * inner has class c at element ((i / inner) * classes + c) * inner + i % inner of x. */
typedef struct glia_cross_entropy_geom {
    int n, classes, inner;
    bool dense; /* the target has probabilities */
    bool ignore;
    glia_cross_entropy_from from;
    glia_reduction reduction;
    int64_t ignore_index;
    double label_smoothing;
} glia_cross_entropy_geom;

#endif
