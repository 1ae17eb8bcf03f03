/* Elementwise losses of a prediction and a target. */
#ifndef GLI_KERNELS_LOSS_LOSS_LAUNCH_H
#define GLI_KERNELS_LOSS_LOSS_LAUNCH_H

#include <cuda_runtime_api.h>

#include "ops/loss/loss_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GLI_LOSS_WORKSPACE = 16 * 1024 }; /* bytes, where y is asked for */

/* Dense arrays of one float dtype; the formulas are in glia/ops/loss.h. */
typedef struct gli_loss_arrays {
    glia_dtype dtype;
    const void *prediction, *target;
    const void *weight; /* NULL: 1 */
    const void *dy;     /* of the backward op: one number, or one for each element where nothing is reduced */
    void *y;            /* of the backward op: NULL where it is not asked for */
    void *dprediction;
    void *workspace;
} gli_loss_arrays;

cudaError_t gli_kernel_loss(const gli_loss_geom *geom, const gli_loss_arrays *arrays, cudaStream_t stream);
cudaError_t gli_kernel_loss_backward(const gli_loss_geom *geom, const gli_loss_arrays *arrays, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
