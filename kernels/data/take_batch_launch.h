/* The samples of a training step. */
#ifndef GLI_KERNELS_DATA_TAKE_BATCH_LAUNCH_H
#define GLI_KERNELS_DATA_TAKE_BATCH_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/ops/data.h"

#ifdef __cplusplus
extern "C" {
#endif

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
