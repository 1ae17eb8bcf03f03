/* Batches of a dataset, epoch by epoch, for the fit loop. */
#ifndef GLIA_DATA_LOADER_H
#define GLIA_DATA_LOADER_H

#include "core/memory.h"
#include "core/philox.h"
#include "glia/data.h"

/* Streams of core/philox.h that data uses; layers and initial weights number theirs from 0. */
enum { GLIA_STREAM_SHUFFLE = 0x64000001, GLIA_STREAM_SPLIT = 0x64000002 };

typedef struct glia_loader_args {
    int64_t batch_size; /* at least 1 */
    bool shuffle;       /* by (seed, epoch); otherwise in order */
    uint64_t seed;
    bool drop_last; /* leave out a last batch that is not full */
} glia_loader_args;

typedef struct glia_loader {
    glia_dataset *dataset; /* retained */
    glia_loader_args args;
    glia_block order; /* int64_t, of this epoch */
    int64_t next;     /* the first sample, in this order, of the next batch */
} glia_loader;

/* All memory is taken here. The loader stands at the beginning of epoch 0. */
glia_status glia_loader_create(glia_dataset *dataset, const glia_loader_args *args, glia_loader *out);
void glia_loader_destroy(glia_loader *loader); /* a zeroed loader is allowed */

/* Batches of one epoch. */
int64_t glia_loader_batches(const glia_loader *loader);

/* Goes to the beginning of an epoch: every order is a function of (seed, epoch), so training can be resumed. */
void glia_loader_begin(glia_loader *loader, uint32_t epoch);

/* Samples of the next batch: batch_size, less in the last one, 0 when the epoch is over. */
int64_t glia_loader_peek(const glia_loader *loader);

/* Gathers the next batch into dense tensors of glia_loader_peek rows, and steps on unless that fails. targets NULL: not
 * wanted. */
glia_status glia_loader_next(glia_loader *loader, glia_tensor *const *inputs, glia_tensor *const *targets);

/* Steps on past the next batch: somebody else gathers it. */
void glia_loader_skip(glia_loader *loader);

#endif
