/* The lengths of padded sequences. */
#ifndef GLI_KERNELS_SEQUENCE_SEQUENCE_LENGTHS_LAUNCH_H
#define GLI_KERNELS_SEQUENCE_SEQUENCE_LENGTHS_LAUNCH_H

#include <cuda_runtime_api.h>

#include "ops/sequence/sequence_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* lengths[n] = 1 + the last step of x with an element that differs from the geometry's padding; 0 where there is none.
 * x is dense, of any dtype, with fewer than 2^31 elements. */
cudaError_t gli_kernel_sequence_lengths(const gli_sequence_geom *geom, glia_dtype dtype, const void *x, int *lengths,
                                        cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
