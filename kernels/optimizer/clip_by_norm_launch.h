/* Scaling of a vector whose norm is too large. */
#ifndef GLI_KERNELS_OPTIMIZER_CLIP_BY_NORM_LAUNCH_H
#define GLI_KERNELS_OPTIMIZER_CLIP_BY_NORM_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GLI_CLIP_BY_NORM_WORKSPACE = 8 * 1024 }; /* bytes */

typedef struct gli_clip_by_norm_args {
    glia_dtype dtype;
    int count;
    double max_norm, epsilon;
    const void *g;
    void *y;     /* may be g */
    float *norm; /* NULL: not wanted */
    void *workspace;
} gli_clip_by_norm_args;

/* norm = sqrt(sum of g^2)   y = g min(1, max_norm / (norm + epsilon)) */
cudaError_t gli_kernel_clip_by_norm(const gli_clip_by_norm_args *args, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
