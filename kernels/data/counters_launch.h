/* Samples and counters of a training step. */
#ifndef GLI_KERNELS_DATA_COUNTERS_LAUNCH_H
#define GLI_KERNELS_DATA_COUNTERS_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/ops/data.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y[i] = x[i] + by[i] for i below count, which is at most GLIA_MAX_COUNTERS. y may be x. */
typedef struct gli_increments {
    int64_t by[GLIA_MAX_COUNTERS];
} gli_increments;
cudaError_t gli_kernel_increment(const int64_t *x, gli_increments by, int64_t *y, int count, cudaStream_t stream);

/* y[b, e] = samples[order[position + b], e], or table[part of e, that]. samples is [samples, elements] of `size` bytes
 * each, a sample `stride` elements behind the one before; y is [batch, elements]; table, or NULL, is [parts, 256], for
 * the equal parts of a sample; samples is then u8 and y f32. planes above 1: a sample is that many planes, which y
 * interleaves: channels last. slot: where places and samples that are not there are noted, see index_check.cuh; y then
 * has sample 0. */
typedef struct gli_batch_geom {
    int samples, elements, stride, length, batch, parts, planes;
    int size;
} gli_batch_geom;
cudaError_t gli_kernel_take_batch(const gli_batch_geom *geom, const void *samples, const int64_t *order,
                                  const int64_t *position, const float *table, void *y, unsigned long long *slot,
                                  cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
