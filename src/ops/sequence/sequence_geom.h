/* sequence_lengths and mask_steps. */
#ifndef GLI_OPS_SEQUENCE_SEQUENCE_GEOM_H
#define GLI_OPS_SEQUENCE_SEQUENCE_GEOM_H

#include "glia/ops/sequence.h"

enum { GLI_SEQUENCE_X, GLI_SEQUENCE_LENGTHS };

/* x is [batch,steps,width] or [steps,batch,width]; time is the axis of its steps. */
typedef struct gli_sequence_geom {
    int batch, steps, width, time;
    double value;    /* of mask_steps */
    int64_t padding; /* of sequence_lengths: an element of the dtype of x, in the first bytes */
} gli_sequence_geom;

#endif
