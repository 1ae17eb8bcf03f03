/* random_fill: what every provider of it may rely on. */
#ifndef GLI_OPS_RANDOM_RANDOM_FILL_GEOM_H
#define GLI_OPS_RANDOM_RANDOM_FILL_GEOM_H

#include "glia/ops/random.h"

typedef struct gli_random_fill_geom {
    uint64_t seed;
    double offset, scale; /* y = offset + scale u, or scale z */
    glia_random_kind kind;
    uint32_t stream;
    int count;
} gli_random_fill_geom;

#endif
