/* Whether two ranges of memory hold the same bits. */
#ifndef GLI_KERNELS_ELEMENTWISE_COMPARE_LAUNCH_H
#define GLI_KERNELS_ELEMENTWISE_COMPARE_LAUNCH_H

#include <cuda_runtime_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sets *different, which is on the device, to 1 if one of the words differs; otherwise leaves it as it is. */
cudaError_t gli_kernel_compare(const unsigned *a, const unsigned *b, size_t words, int *different, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
