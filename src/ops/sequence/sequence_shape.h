#ifndef GLI_OPS_SEQUENCE_SEQUENCE_SHAPE_H
#define GLI_OPS_SEQUENCE_SEQUENCE_SHAPE_H

#include "core/op.h"
#include "ops/sequence/sequence_geom.h"

/* Checks that x has steps, and sets batch, steps, width and time of g. */
glia_status gli_sequence_shape(const gli_resolution *r, bool batch_first, gli_sequence_geom *g);

void gli_sequence_cost(const void *geom, gli_cost *out);

#endif
