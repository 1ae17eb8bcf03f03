/* NumPy's broadcasting, for the contracts of elementwise ops. */
#ifndef GLI_OPS_ELEMENTWISE_BROADCAST_SHAPE_H
#define GLI_OPS_ELEMENTWISE_BROADCAST_SHAPE_H

#include "core/op.h"

typedef struct gli_broadcast {
    int ndim, count; /* of y; count: its elements */
    int64_t dim[GLIA_MAX_DIMS];
    unsigned repeated[GLI_MAX_IN]; /* of each input: bit i where it has size 1 along axis i of y, and y has not */
} gli_broadcast;

/* Aligns the shapes of the first n inputs at their last axes; those that are missing or of size 1 repeat. */
glia_status gli_check_broadcast(const gli_resolution *r, int n, gli_broadcast *out);

#endif
