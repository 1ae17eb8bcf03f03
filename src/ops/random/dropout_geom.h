/* dropout: what every provider of it may rely on. */
#ifndef GLI_OPS_RANDOM_DROPOUT_GEOM_H
#define GLI_OPS_RANDOM_DROPOUT_GEOM_H

#include "glia/ops/random.h"

enum { GLI_DROPOUT_X, GLI_DROPOUT_STEP }; /* step may be absent: 0 */

typedef struct gli_dropout_geom {
    uint64_t seed;
    uint64_t threshold; /* element i is kept if its 32 random bits are not below it; 0 to 2^32 */
    double scale;       /* of the elements that are kept; 0 if none is */
    uint32_t stream;
    int count;
} gli_dropout_geom;

#endif
