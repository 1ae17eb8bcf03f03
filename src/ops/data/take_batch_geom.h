/* take_batch: what every provider of it may rely on. */
#ifndef GLI_OPS_DATA_TAKE_BATCH_GEOM_H
#define GLI_OPS_DATA_TAKE_BATCH_GEOM_H

#include "glia/ops/data.h"
#include "ops/data/augmentation.h"

enum {
    GLI_TAKE_BATCH_SAMPLES,
    GLI_TAKE_BATCH_ORDER,
    GLI_TAKE_BATCH_POSITION,
    GLI_TAKE_BATCH_TABLE, /* may be absent, as may the following */
    GLI_TAKE_BATCH_EPOCH,
    GLI_TAKE_BATCH_VIEW,
    GLI_TAKE_BATCH_BOXES
};

/* samples is [samples, elements], order [length], y [batch, elements], or [batch, classes] of the role of classes, or
 * of pictures and masks [batch, channels height width] of the augmentation. With a table the elements of a sample are
 * `parts` equal parts, one for each row of it; without one, parts is 0. */
typedef struct gli_take_batch_geom {
    int samples, elements, length, batch, parts;
    int role, classes;
    int count; /* numbers of samples that the order has are below */
    gli_augmentation augmentation;
} gli_take_batch_geom;

#endif
