/* Copies between layouts and types. */
#ifndef GLI_KERNELS_MOVEMENT_COPY_LAUNCH_H
#define GLI_KERNELS_MOVEMENT_COPY_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One array of elements seen through strides, in elements. */
typedef struct gli_copy_side {
    glia_dtype dtype;
    void *data; /* of the source, only read */
    int64_t stride[GLIA_MAX_DIMS];
} gli_copy_side;

typedef struct gli_copy_geom {
    int ndim;
    int64_t dim[GLIA_MAX_DIMS]; /* their product is at most 2^31-1 */
    gli_copy_side to, from;     /* the two memories do not overlap; a stride of `from` may be 0 */
} gli_copy_geom;

/* to[i] = from[i], converted as glia_cast does: to the nearest float, ties to even; to integers towards zero, clamped.
 */
cudaError_t gli_kernel_copy(const gli_copy_geom *geom, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
