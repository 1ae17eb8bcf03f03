/* interpolate and interpolate_backward: what every provider of them may rely on. */
#ifndef GLI_OPS_POOL_INTERPOLATE_GEOM_H
#define GLI_OPS_POOL_INTERPOLATE_GEOM_H

#include "glia/ops/backward/pool.h"

/* Both images have three spatial dimensions here, the missing ones in front, of one element. */
typedef struct gli_interpolate_geom {
    glia_interpolate_mode mode;
    glia_interpolate_coordinates coordinates;
    glia_interpolate_rounding rounding;
    int n, c;
    int missing;               /* how many of the three dimensions x does not have */
    int in[GLIA_MAX_SPATIAL];  /* x; of the backward op dx */
    int out[GLIA_MAX_SPATIAL]; /* y; of the backward op dy */
} gli_interpolate_geom;

#endif
