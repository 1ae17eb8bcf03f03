/* increment: what every provider of it may rely on. */
#ifndef GLI_OPS_DATA_INCREMENT_GEOM_H
#define GLI_OPS_DATA_INCREMENT_GEOM_H

#include "glia/ops/data.h"

enum { GLI_INCREMENT_X };

typedef struct gli_increment_geom {
    int count;
    int64_t by[GLIA_MAX_COUNTERS];
} gli_increment_geom;

#endif
