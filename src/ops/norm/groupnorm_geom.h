/* groupnorm and its backward op: what every provider of them may rely on. */
#ifndef GLIA_OPS_NORM_GROUPNORM_GEOM_H
#define GLIA_OPS_NORM_GROUPNORM_GEOM_H

#include "core/ops.h"
#include "ops/norm/norm_checks.h"

/* x is [n, c, area]; a group has c / groups channels of one sample. */
typedef struct glia_groupnorm_geom {
    double epsilon; /* forward only */
    int n, c, area, groups;
} glia_groupnorm_geom;

#endif
