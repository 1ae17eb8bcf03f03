/* Scaling of a vector whose norm is too large. */
#ifndef GLIA_KERNELS_OPTIMIZER_CLIP_BY_NORM_LAUNCH_H
#define GLIA_KERNELS_OPTIMIZER_CLIP_BY_NORM_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GLIA_CLIP_BY_NORM_WORKSPACE = 8 * 1024 }; /* bytes */

typedef struct glia_clip_by_norm_args {
    glia_dtype dtype;
    int count;
    double max_norm, epsilon;
    const void *g;
    void *y;     /* may be g */
    float *norm; /* NULL: not wanted */
    void *workspace;
} glia_clip_by_norm_args;

/* norm = sqrt(sum of g^2)   y = g min(1, max_norm / (norm + epsilon)) */
cudaError_t glia_kernel_clip_by_norm(const glia_clip_by_norm_args *args, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
