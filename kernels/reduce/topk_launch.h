/* The largest or smallest elements of lines. */
#ifndef GLI_KERNELS_REDUCE_TOPK_LAUNCH_H
#define GLI_KERNELS_REDUCE_TOPK_LAUNCH_H

#include <cuda_runtime_api.h>

#include "ops/reduce/topk_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Dense arrays; indices and positions may be NULL. */
cudaError_t gli_kernel_topk(const gli_topk_geom *geom, glia_dtype dtype, const void *x, void *y, int64_t *indices,
                            int64_t *positions, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
