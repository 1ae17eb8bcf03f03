/* take_batch: what every provider of it may rely on. */
#ifndef GLIA_OPS_DATA_TAKE_BATCH_GEOM_H
#define GLIA_OPS_DATA_TAKE_BATCH_GEOM_H

#include "core/ops.h"
#include "glia/ops/data.h"

enum { TAKE_BATCH_SAMPLES, TAKE_BATCH_ORDER, TAKE_BATCH_POSITION, TAKE_BATCH_TABLE }; /* the table may be absent */

/* samples is [samples, elements], order [length], y [batch, elements]. With a table the elements of a sample are
 * `parts` equal parts, one for each row of it; without one, parts is 0. */
typedef struct glia_take_batch_geom {
    int samples, elements, length, batch, parts;
} glia_take_batch_geom;

#endif
