/* x where it is positive, a slope times x elsewhere, and its derivatives. */
#ifndef GLI_KERNELS_ELEMENTWISE_PRELU_LAUNCH_H
#define GLI_KERNELS_ELEMENTWISE_PRELU_LAUNCH_H

#include <cuda_runtime_api.h>

#include "kernels/device/broadcast.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y = x > 0 ? x : slope x. Arrays of the axes: y, x, slope. y may be x. */
cudaError_t gli_kernel_prelu(glia_dtype dtype, const gli_axes *axes, const void *x, const void *slope, void *y,
                             cudaStream_t stream);

/* dx = x > 0 ? dy : slope dy. Arrays of the axes: dx, x, slope, dy. dx may be dy. */
cudaError_t gli_kernel_prelu_backward(glia_dtype dtype, const gli_axes *axes, const void *x, const void *slope,
                                      const void *dy, void *dx, cudaStream_t stream);

typedef struct gli_prelu_slope_args {
    glia_dtype dtype;
    const void *x, *dy;
    void *dslope;
    void *workspace; /* gli_kernel_broadcast_sum_bytes */
} gli_prelu_slope_args;

/* dslope, dense over the kept axes = the sum of (x > 0 ? 0 : x dy). Arrays: x, dy. kept_innermost: as in
 * binary_launch.h. */
cudaError_t gli_kernel_prelu_slope(const gli_prelu_slope_args *args, const gli_axes *kept, const gli_axes *summed,
                                   bool kept_innermost, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
