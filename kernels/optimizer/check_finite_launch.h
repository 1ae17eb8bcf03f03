/* The first step whose numbers are not finite. */
#ifndef GLI_KERNELS_OPTIMIZER_CHECK_FINITE_LAUNCH_H
#define GLI_KERNELS_OPTIMIZER_CHECK_FINITE_LAUNCH_H

#include <cuda_runtime_api.h>

#include "ops/optimizer/check_finite_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gli_check_finite_arrays {
    glia_dtype dtype;  /* of x and y */
    const void *x, *y; /* y NULL: its count is 0 */
    const int64_t *step, *failed;
    int64_t *new_failed; /* may be failed */
} gli_check_finite_arrays;

cudaError_t gli_kernel_check_finite(const gli_check_finite_geom *geom, const gli_check_finite_arrays *arrays,
                                    cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
