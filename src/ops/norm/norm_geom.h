/* The tensors that all normalisations have. */
#ifndef GLI_OPS_NORM_NORM_GEOM_H
#define GLI_OPS_NORM_NORM_GEOM_H

#include "glia/ops/backward/norm.h"

enum { GLI_NORM_X, GLI_NORM_WEIGHT, GLI_NORM_BIAS }; /* inputs of every forward op; the last two may be absent */
enum { GLI_NORM_Y, GLI_NORM_MEAN, GLI_NORM_RSTD };   /* its outputs; the last two may be absent */
enum {
    GLI_NORM_BACK_X,
    GLI_NORM_BACK_DY,
    GLI_NORM_BACK_WEIGHT,
    GLI_NORM_BACK_MEAN,
    GLI_NORM_BACK_RSTD
}; /* inputs of every backward op */
enum { GLI_NORM_BACK_DX, GLI_NORM_BACK_DWEIGHT, GLI_NORM_BACK_DBIAS }; /* its outputs; the last two may be absent */

#endif
