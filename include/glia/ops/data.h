/* What a training step reads its samples and counts its steps with, so that nothing comes from the host. */
#ifndef GLIA_OPS_DATA_H
#define GLIA_OPS_DATA_H

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_take_batch_params {
    int batch; /* samples to take; at least 1 */
} glia_take_batch_params;

/* y[b, ...] = samples[order[position + b], ...] for b = 0 .. batch-1, through a table where there is one:
 * y[b, i...] = table[c, samples[order[position + b], i...]], where c counts the C equal parts of a sample.
 * A position past the end of order, or a sample index out of range, makes the call return GLIA_INVALID_ARGUMENT.
 * samples: any dtype [N, ...], u8 with a table   order: i64 [M]   position: i64, one element
 * table: f32 [C,256], may be NULL   y: [batch, ...] of the dtype of samples, f32 with a table. */
GLIA_API glia_status glia_take_batch(glia_context *ctx, const glia_take_batch_params *params,
                                     const glia_tensor *samples, const glia_tensor *order, const glia_tensor *position,
                                     const glia_tensor *table, glia_tensor *y);

enum { GLIA_MAX_COUNTERS = 4 };

typedef struct glia_increment_params {
    int64_t by[GLIA_MAX_COUNTERS];
} glia_increment_params;

/* y[i] = x[i] + by[i].
 * x, y: i64 [n], n at most GLIA_MAX_COUNTERS; y may be x. */
GLIA_API glia_status glia_increment(glia_context *ctx, const glia_increment_params *params, const glia_tensor *x,
                                    glia_tensor *y);

#ifdef __cplusplus
}
#endif
#endif
