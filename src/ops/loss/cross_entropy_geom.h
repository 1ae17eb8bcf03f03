/* cross_entropy and cross_entropy_backward. */
#ifndef GLI_OPS_LOSS_CROSS_ENTROPY_GEOM_H
#define GLI_OPS_LOSS_CROSS_ENTROPY_GEOM_H

#include "glia/ops/backward/loss.h"

enum {
    GLI_CROSS_ENTROPY_X,
    GLI_CROSS_ENTROPY_TARGET,
    GLI_CROSS_ENTROPY_WEIGHT,
    GLI_CROSS_ENTROPY_DY
}; /* dy: of the backward op */

enum { GLI_CROSS_ENTROPY_BACK_DX, GLI_CROSS_ENTROPY_BACK_Y };

/* Probabilities are clamped to at least this before the logarithm. */
#define GLI_CROSS_ENTROPY_EPSILON 1e-7

/* Item i of n * inner has class c at element ((i / inner) * classes + c) * inner + i % inner of x. */
typedef struct gli_cross_entropy_geom {
    int n, classes, inner;
    bool dense; /* the target has probabilities */
    bool ignore;
    glia_cross_entropy_from from;
    glia_reduction reduction;
    int64_t ignore_index;
    double label_smoothing;
} gli_cross_entropy_geom;

#endif
