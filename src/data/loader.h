/* Batches of a dataset, epoch by epoch, for the fit loop. */
#ifndef GLI_DATA_LOADER_H
#define GLI_DATA_LOADER_H

#include "core/memory.h"
#include "core/philox.h"
#include "data/dataset.h"

typedef struct gli_loader_args {
    int64_t batch_size; /* at least 1 */
    bool shuffle;       /* by (seed, epoch); otherwise in order */
    uint64_t seed;
    bool drop_last; /* skip a last batch that is not full */
    bool balanced;  /* all classes of the first target equally often, by (seed, epoch); needs shuffle */
} gli_loader_args;

typedef struct gli_loader {
    glia_dataset *dataset; /* retained */
    gli_loader_args args;
    uint32_t epoch;
    gli_block order;       /* int64_t, of this epoch */
    gli_block order_ahead; /* of epoch_ahead; empty: of none */
    uint32_t epoch_ahead;
    struct gli_balance *balance; /* NULL: not balanced */
    int64_t next;                /* where the next batch begins in the order */
    int workers; /* that read batches ahead, as the dataset said at creation; 0: none, or none could be started */
    int ahead;   /* how many batches, as it said then */
    struct gli_prefetch *prefetch; /* theirs, from the first batch on that gli_loader_next gathers */
} gli_loader;

/* Allocates all memory. The loader is at the beginning of epoch 0. */
glia_status gli_loader_create(glia_dataset *dataset, const gli_loader_args *args, gli_loader *out);
void gli_loader_destroy(gli_loader *loader); /* a zeroed loader is allowed */

/* The number of batches of an epoch, and of the samples in them. */
int64_t gli_loader_batches(const gli_loader *loader);
int64_t gli_loader_samples(const gli_loader *loader);

/* Moves to the beginning of an epoch. The order is a function of (seed, epoch), so training can be resumed. */
void gli_loader_begin(gli_loader *loader, uint32_t epoch);

/* Makes the order of a later epoch ahead of its gli_loader_begin, while the order of this epoch stays as it is. */
void gli_loader_prepare(gli_loader *loader, uint32_t epoch);

/* The size of the next batch: batch_size, fewer in the last one, 0 at the end of the epoch. */
int64_t gli_loader_peek(const gli_loader *loader);

/* Gathers the next batch into dense tensors of gli_loader_peek rows, and moves past it unless that fails. targets NULL:
 * not requested. */
glia_status gli_loader_next(gli_loader *loader, glia_tensor *const *inputs, glia_tensor *const *targets);

/* Gathers the batch of n samples that begins at a position of this epoch's order, and moves nowhere. */
glia_status gli_loader_gather(const gli_loader *loader, int64_t first, int64_t n, glia_tensor *const *inputs,
                              glia_tensor *const *targets);

/* Moves past the next batch, which the device gathers. */
void gli_loader_skip(gli_loader *loader);

#endif
