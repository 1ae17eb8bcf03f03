/* batchnorm, batchnorm_inference and their backward ops: what every provider of them may rely on. */
#ifndef GLIA_OPS_NORM_BATCHNORM_GEOM_H
#define GLIA_OPS_NORM_BATCHNORM_GEOM_H

#include "core/ops.h"
#include "ops/norm/norm_checks.h"

enum { BATCHNORM_RUNNING_MEAN = NORM_BIAS + 1, BATCHNORM_RUNNING_VAR, BATCHNORM_RESIDUAL }; /* more of batchnorm */
enum { BATCHNORM_NEW_RUNNING_MEAN = NORM_RSTD + 1, BATCHNORM_NEW_RUNNING_VAR }; /* further outputs of batchnorm */
enum { INFERENCE_MEAN = NORM_BIAS + 1, INFERENCE_VAR }; /* further inputs of batchnorm_inference */
enum { INFERENCE_BACK_VAR = NORM_BACK_MEAN + 1 };       /* in the place of rstd */

/* x is [n, c, area]. Each op sets the fields that it has. */
typedef struct glia_batchnorm_geom {
    double epsilon, momentum;
    int n, c, area;
    int population;
    glia_unary_kind activation;
} glia_batchnorm_geom;

#endif
