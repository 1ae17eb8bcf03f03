/* layernorm and its backward op: what every provider of them may rely on. */
#ifndef GLI_OPS_NORM_LAYERNORM_GEOM_H
#define GLI_OPS_NORM_LAYERNORM_GEOM_H

#include "ops/norm/norm_geom.h"

/* x is [rows, size]; a row is a group. */
typedef struct gli_layernorm_geom {
    double epsilon; /* forward only */
    int rows, size;
} gli_layernorm_geom;

#endif
