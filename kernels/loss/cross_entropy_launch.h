/* Cross entropy, with the softmax inside, and its gradient. */
#ifndef GLI_KERNELS_LOSS_CROSS_ENTROPY_LAUNCH_H
#define GLI_KERNELS_LOSS_CROSS_ENTROPY_LAUNCH_H

#include <cuda_runtime_api.h>

#include "kernels/device/indices.h"
#include "ops/loss/cross_entropy_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of workspace. */
enum {
    GLI_CROSS_ENTROPY_WORKSPACE          = 32 * 1024,
    GLI_CROSS_ENTROPY_BACKWARD_WORKSPACE = 2 * GLI_CROSS_ENTROPY_WORKSPACE
};

/* Dense arrays of one float dtype; the formulas are in glia/ops/loss.h. */
typedef struct gli_cross_entropy_arrays {
    glia_dtype dtype;
    const void *x;
    const void *probabilities; /* the target, as x; NULL: it has classes */
    gli_indices target;
    unsigned long long *slot; /* where classes that are out of range are noted; see kernels/device/index_check.cuh */
    const void *weight;       /* [classes]; NULL: 1 */
    const void *dy;           /* of the backward op: one number, or one for each item where nothing is reduced */
    void *y;                  /* of the backward op: NULL where it is not asked for */
    void *dx;
    void *workspace;
} gli_cross_entropy_arrays;

cudaError_t gli_kernel_cross_entropy(const gli_cross_entropy_geom *geom, const gli_cross_entropy_arrays *arrays,
                                     cudaStream_t stream);
cudaError_t gli_kernel_cross_entropy_backward(const gli_cross_entropy_geom *geom,
                                              const gli_cross_entropy_arrays *arrays, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
