/* topk: what every provider of it may rely on. */
#ifndef GLI_OPS_REDUCE_TOPK_GEOM_H
#define GLI_OPS_REDUCE_TOPK_GEOM_H

#include "glia/ops/reduce.h"

enum { GLI_TOPK_Y, GLI_TOPK_INDICES, GLI_TOPK_POSITIONS }; /* outputs; the last two may be absent */

/* x as [outer, length, inner], y as [outer, k, inner]. */
typedef struct gli_topk_geom {
    int outer, length, inner, k;
    bool smallest;
} gli_topk_geom;

#endif
