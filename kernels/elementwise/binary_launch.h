/* Functions of two elements, with broadcasting, and their derivatives. */
#ifndef GLI_KERNELS_ELEMENTWISE_BINARY_LAUNCH_H
#define GLI_KERNELS_ELEMENTWISE_BINARY_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/ops/elementwise.h"
#include "kernels/device/broadcast.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y = kind(a, b). Arrays of the axes: y, a, b. y may be a, or b, if it has the same strides. */
cudaError_t gli_kernel_binary(glia_dtype dtype, glia_binary_kind kind, const gli_axes *axes, const void *a,
                              const void *b, void *y, cudaStream_t stream);

typedef struct gli_binary_backward_args {
    glia_dtype dtype;
    glia_binary_kind kind;
    bool by_b; /* the derivative by b, else by a */
    const void *a, *b, *dy;
    void *out;
} gli_binary_backward_args;

/* out = dy times the derivative. Arrays of the axes: out, a, b, dy. */
cudaError_t gli_kernel_binary_backward(const gli_binary_backward_args *args, const gli_axes *axes, cudaStream_t stream);

/* The same, summed over axes; out is dense over the kept ones. Arrays of both lists: a, b, dy. kept_innermost: the
 * innermost axis in memory is a kept one. */
cudaError_t gli_kernel_binary_backward_sum(const gli_binary_backward_args *args, const gli_axes *kept,
                                           const gli_axes *summed, bool kept_innermost, void *workspace,
                                           cudaStream_t stream);

/* Bytes of workspace of a sum; dtype as seen by the kernel. */
size_t gli_kernel_broadcast_sum_bytes(glia_dtype dtype, const gli_axes *kept, const gli_axes *summed,
                                      bool kept_innermost);

#ifdef __cplusplus
}
#endif
#endif
