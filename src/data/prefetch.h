/* Batches that worker threads read ahead, in order. What is in them does not depend on how many workers there are. */
#ifndef GLI_DATA_PREFETCH_H
#define GLI_DATA_PREFETCH_H

#include "data/dataset.h"

typedef struct gli_prefetch gli_prefetch;

/* Which samples are read. */
typedef struct gli_prefetch_range {
    int64_t epoch;
    const int64_t *order; /* may change only after gli_prefetch_halt */
    int64_t first, end;   /* positions in it; batches begin at first */
    int columns;          /* the inputs, and the targets where they are wanted */
} gli_prefetch_range;

/* Starts `workers` threads, at least 1, or as many as the system gives; *out is NULL if it gives none. They read
 * `ahead` batches ahead, or more where those are too few for all of them. batch_size: at least 1. */
glia_status gli_prefetch_create(const glia_dataset *dataset, int workers, int ahead, int64_t batch_size,
                                gli_prefetch **out);

/* Waits for the samples that are being read. NULL is allowed. */
void gli_prefetch_destroy(gli_prefetch *prefetch);

/* Whether the workers were left in another process, by fork. */
bool gli_prefetch_is_forked(const gli_prefetch *prefetch);

/* Begins to read, from the beginning of a range. */
void gli_prefetch_begin(gli_prefetch *prefetch, const gli_prefetch_range *range);

/* Forgets what was read ahead, and waits for the samples that are being read. */
void gli_prefetch_halt(gli_prefetch *prefetch);

/* The position of the next batch in epoch `epoch`, if that is what is read, with as many columns; else -1. */
int64_t gli_prefetch_position(const gli_prefetch *prefetch, int64_t epoch, int columns);

/* Waits for the next batch, and writes its n samples to the first rows of dense tensors. After a failure, which is that
 * of the first sample that failed, it has to be begun anew. */
glia_status gli_prefetch_next(gli_prefetch *prefetch, int64_t n, glia_tensor *const *inputs,
                              glia_tensor *const *targets);

#endif
