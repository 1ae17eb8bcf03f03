/* Images in another size, and the gradient. */
#ifndef GLI_KERNELS_POOL_INTERPOLATE_LAUNCH_H
#define GLI_KERNELS_POOL_INTERPOLATE_LAUNCH_H

#include <cuda_runtime_api.h>

#include "ops/pool/interpolate_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GLI_INTERPOLATE_DIMS = 2 + GLIA_MAX_SPATIAL };

typedef struct gli_interpolate_arrays {
    glia_dtype dtype;
    const void *from;                          /* x, or dy */
    void *to;                                  /* y, or dx */
    int64_t from_stride[GLI_INTERPOLATE_DIMS]; /* of [N,C,D,H,W] in elements; any where there is one element */
    int64_t to_stride[GLI_INTERPOLATE_DIMS];
} gli_interpolate_arrays;

cudaError_t gli_kernel_interpolate(const gli_interpolate_geom *geom, const gli_interpolate_arrays *arrays,
                                   cudaStream_t stream);
cudaError_t gli_kernel_interpolate_backward(const gli_interpolate_geom *geom, const gli_interpolate_arrays *arrays,
                                            cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
