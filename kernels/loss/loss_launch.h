/* Losses of pairs of numbers. */
#ifndef GLI_KERNELS_LOSS_LOSS_LAUNCH_H
#define GLI_KERNELS_LOSS_LOSS_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/ops/loss.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GLI_LOSS_WORKSPACE = 8 * 1024 }; /* bytes, of the forward kernel */

/* Dense arrays of `count` floats of one dtype; the formulas stand in glia/ops/loss.h. */
typedef struct gli_loss_args {
    glia_dtype dtype;
    glia_loss_kind kind;
    glia_reduction reduction;
    bool log_target;
    double delta;
    int count, shared; /* elements in a row that have one weight */
    const void *prediction, *target;
    const void *weight; /* NULL: 1 */
    const void *dy;     /* of the backward kernel: one number, or `count` where nothing is reduced */
    void *out;          /* y or dprediction */
    void *workspace;
} gli_loss_args;

cudaError_t gli_kernel_loss(const gli_loss_args *args, cudaStream_t stream);
cudaError_t gli_kernel_loss_backward(const gli_loss_args *args, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
