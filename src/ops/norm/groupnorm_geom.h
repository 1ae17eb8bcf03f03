/* groupnorm and its backward op: what every provider of them may rely on. */
#ifndef GLI_OPS_NORM_GROUPNORM_GEOM_H
#define GLI_OPS_NORM_GROUPNORM_GEOM_H

#include "ops/norm/norm_geom.h"

/* x is [n, c, area]; a group has c / groups channels of one sample. */
typedef struct gli_groupnorm_geom {
    double epsilon; /* forward only */
    int n, c, area, groups;
} gli_groupnorm_geom;

#endif
