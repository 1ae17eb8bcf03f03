/* take_batch: what every provider of it may rely on. */
#ifndef GLI_OPS_DATA_TAKE_BATCH_GEOM_H
#define GLI_OPS_DATA_TAKE_BATCH_GEOM_H

#include "glia/ops/data.h"

enum {
    GLI_TAKE_BATCH_SAMPLES,
    GLI_TAKE_BATCH_ORDER,
    GLI_TAKE_BATCH_POSITION,
    GLI_TAKE_BATCH_TABLE
}; /* the table may be absent */

/* samples is [samples, elements], order [length], y [batch, elements]. With a table the elements of a sample are
 * `parts` equal parts, one for each row of it; without one, parts is 0. */
typedef struct gli_take_batch_geom {
    int samples, elements, length, batch, parts;
} gli_take_batch_geom;

#endif
