/* sequence_lengths and mask_steps. */
#ifndef GLIA_OPS_SEQUENCE_SEQUENCE_GEOM_H
#define GLIA_OPS_SEQUENCE_SEQUENCE_GEOM_H

#include "core/ops.h"
#include "glia/ops/sequence.h"

enum { SEQUENCE_X, SEQUENCE_LENGTHS };

/* x is [batch,steps,width] or [steps,batch,width]; time is the axis of its steps. */
typedef struct glia_sequence_geom {
    int batch, steps, width, time;
    double value;    /* of mask_steps */
    int64_t padding; /* of sequence_lengths: an element of the dtype of x, in the first bytes */
} glia_sequence_geom;

#endif
