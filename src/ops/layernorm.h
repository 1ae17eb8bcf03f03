/* layernorm and its backward op: what every provider of them may rely on. */
#ifndef GLIA_OPS_LAYERNORM_H
#define GLIA_OPS_LAYERNORM_H

#include "core/ops.h"
#include "ops/norm.h"

/* x is [rows, size]; a row is a group. */
typedef struct glia_layernorm_geom {
    double epsilon; /* forward only */
    int rows, size;
} glia_layernorm_geom;

#endif
