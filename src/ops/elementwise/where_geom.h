#ifndef GLI_OPS_ELEMENTWISE_WHERE_GEOM_H
#define GLI_OPS_ELEMENTWISE_WHERE_GEOM_H

#include <stdbool.h>

#include "glia/ops/elementwise.h"

enum { GLI_WHERE_CONDITION, GLI_WHERE_A, GLI_WHERE_B, GLI_WHERE_INPUTS };

/* The shapes aligned at their last axes, of ndim axes each. */
typedef struct gli_where_geom {
    bool whole; /* the condition is an i64 scalar, and a and b have y's shape; otherwise it is a float */
    int ndim, count;
    int dim[GLIA_MAX_DIMS]; /* of y */
    int input_ndim[GLI_WHERE_INPUTS];
    unsigned repeated[GLI_WHERE_INPUTS]; /* bit i: the input has size 1 along axis i, and y has not */
} gli_where_geom;

#endif
