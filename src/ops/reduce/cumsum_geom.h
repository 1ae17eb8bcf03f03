/* cumsum: what every provider of it may rely on. */
#ifndef GLI_OPS_REDUCE_CUMSUM_GEOM_H
#define GLI_OPS_REDUCE_CUMSUM_GEOM_H

#include "glia/ops/reduce.h"

/* x and y as [outer, length, inner]. */
typedef struct gli_cumsum_geom {
    int outer, length, inner;
    bool exclusive, reverse;
} gli_cumsum_geom;

#endif
