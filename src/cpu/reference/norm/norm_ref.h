/* What the references of the normalisations share. */
#ifndef GLI_CPU_REFERENCE_NORM_NORM_REF_H
#define GLI_CPU_REFERENCE_NORM_NORM_REF_H

#include <stdint.h>

#include "ops/norm/batchnorm_geom.h"

/* Element i of a weight or bias; `absent` where the call has none. */
static inline double gli_value_or(const double *vector, int64_t i, double absent) {
    return vector ? vector[i] : absent;
}

/* Of a double that may have no square. */
static inline long double gli_square(long double x) { return x * x; }

/* The index in x [n,c,area] of element i of channel c: i = sample * area + pixel. */
static inline int64_t gli_channel_index(const gli_batchnorm_geom *g, int c, int64_t i) {
    return (i / g->area * g->c + c) * g->area + i % g->area;
}

#endif
