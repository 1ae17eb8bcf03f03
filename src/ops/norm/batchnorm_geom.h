/* batchnorm, batchnorm_inference and their backward ops: what every provider of them may rely on. */
#ifndef GLI_OPS_NORM_BATCHNORM_GEOM_H
#define GLI_OPS_NORM_BATCHNORM_GEOM_H

#include "ops/norm/norm_geom.h"

enum {
    GLI_BATCHNORM_RUNNING_MEAN = GLI_NORM_BIAS + 1,
    GLI_BATCHNORM_RUNNING_VAR,
    GLI_BATCHNORM_RESIDUAL
}; /* more of batchnorm */
enum {
    GLI_BATCHNORM_NEW_RUNNING_MEAN = GLI_NORM_RSTD + 1,
    GLI_BATCHNORM_NEW_RUNNING_VAR
}; /* further outputs of batchnorm */
enum { GLI_BATCHNORM_BACK_Y = GLI_NORM_BACK_RSTD + 1, GLI_BATCHNORM_BACK_DY2 }; /* more of batchnorm_backward */
enum { GLI_BATCHNORM_BACK_DRESIDUAL = GLI_NORM_BACK_DBIAS + 1 };                /* and a further output */
enum { GLI_INFERENCE_MEAN = GLI_NORM_BIAS + 1, GLI_INFERENCE_VAR }; /* further inputs of batchnorm_inference */
enum { GLI_INFERENCE_BACK_VAR = GLI_NORM_BACK_MEAN + 1 };           /* replaces rstd */

/* x is [n, c, area]. Each op sets the fields that it has. */
typedef struct gli_batchnorm_geom {
    double epsilon, momentum;
    int n, c, area;
    int population;
    glia_unary_kind activation;
} gli_batchnorm_geom;

#endif
