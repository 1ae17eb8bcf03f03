/* random_fill: what every provider of it may rely on. */
#ifndef GLIA_OPS_RANDOM_RANDOM_FILL_GEOM_H
#define GLIA_OPS_RANDOM_RANDOM_FILL_GEOM_H

#include "core/ops.h"
#include "glia/ops/random.h"

typedef struct glia_random_fill_geom {
    uint64_t seed;
    double offset, scale; /* y = offset + scale u, or scale z */
    glia_random_kind kind;
    uint32_t stream;
    int count;
} glia_random_fill_geom;

#endif
