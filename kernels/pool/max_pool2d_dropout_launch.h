/* Max pooling and the dropout of what it computes, with the change from the order of the images to a row-major one that
 * lies between, and the gradients of all of them. */
#ifndef GLI_KERNELS_POOL_MAX_POOL2D_DROPOUT_LAUNCH_H
#define GLI_KERNELS_POOL_MAX_POOL2D_DROPOUT_LAUNCH_H

#include "kernels/pool/pool2d_arrays.h"
#include "ops/random/dropout_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the gradient can be computed so: the windows are known, and divide x without a rest. */
bool gli_kernel_max_pool2d_dropout_backward_fits(const gli_pool_geom *geom);

/* gli_kernel_max_pool2d, whose y is not written, and gli_kernel_dropout of it: dropped, row-major [n,c,p,q]. With the
 * bits of both. step: as of gli_kernel_dropout. */
cudaError_t gli_kernel_max_pool2d_dropout(const gli_pool_geom *pool, const gli_pool2d_arrays *arrays,
                                          const gli_dropout_geom *dropout, const int64_t *step, void *dropped,
                                          cudaStream_t stream);

/* gli_kernel_dropout of dy, row-major [n,c,p,q], and gli_kernel_max_pool2d_backward of the result, which is not
 * written, to dx. The arrays have no `in`, and dy no strides. */
cudaError_t gli_kernel_max_pool2d_dropout_backward(const gli_pool_geom *pool, const gli_pool2d_arrays *arrays,
                                                   const gli_dropout_geom *dropout, const int64_t *step, const void *dy,
                                                   cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
