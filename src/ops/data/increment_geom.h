/* increment: what every provider of it may rely on. */
#ifndef GLIA_OPS_DATA_INCREMENT_GEOM_H
#define GLIA_OPS_DATA_INCREMENT_GEOM_H

#include "core/ops.h"
#include "glia/ops/data.h"

enum { INCREMENT_X };

typedef struct glia_increment_geom {
    int count;
    int64_t by[GLIA_MAX_COUNTERS];
} glia_increment_geom;

#endif
