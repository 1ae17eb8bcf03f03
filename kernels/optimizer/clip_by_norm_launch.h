/* Scaling of a vector whose norm is too large. */
#ifndef GLI_KERNELS_OPTIMIZER_CLIP_BY_NORM_LAUNCH_H
#define GLI_KERNELS_OPTIMIZER_CLIP_BY_NORM_LAUNCH_H

#include <cuda_runtime_api.h>

#include "ops/optimizer/clip_by_norm_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GLI_CLIP_BY_NORM_WORKSPACE = 8 * 1024 }; /* bytes */

/* Vectors of one float dtype. */
typedef struct gli_clip_by_norm_arrays {
    glia_dtype dtype;
    const void *g;
    void *y;     /* may be g */
    float *norm; /* NULL: not requested */
    void *workspace;
} gli_clip_by_norm_arrays;

/* norm = sqrt(sum of g^2)   y = g min(1, max_norm / (norm + GLI_CLIP_BY_NORM_EPSILON)) */
cudaError_t gli_kernel_clip_by_norm(const gli_clip_by_norm_geom *geom, const gli_clip_by_norm_arrays *arrays,
                                    cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
