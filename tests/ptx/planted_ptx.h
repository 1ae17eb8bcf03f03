// Kernels with faults that only nvcc's code shows, and the same kernels without them: compiled twice, into two
// namespaces.
#pragma once

#include <cstdint>

#ifdef __CUDACC__
#include <cuda_runtime_api.h>
#else
#include "emulator/cuda_runtime_api.h"
#endif

#define GLI_PLANTED_KERNELS                                                               \
    /* y = x / 2; the fault is -ftz */                                                    \
    cudaError_t halve(const float *x, float *y, int n);                                   \
    /* y = x, four floats at once; x + 1 is not aligned for that */                       \
    cudaError_t copy_vectors(const float *x, float *y, int n);                            \
    /* y = x, as many floats for each thread as the host says; the device says another */ \
    cudaError_t copy_several(const float *x, float *y, int n);                            \
    /* y = a b, 16x8 by 8x8, row-major halves: mma with registers in the wrong order */   \
    cudaError_t multiply(const uint16_t *a, const uint16_t *b, float *y);                 \
    /* y = x through shared memory, by cp.async; without a wait for it */                 \
    cudaError_t copy_asynchronously(const float *x, float *y);                            \
    /* an instruction that the interpreter does not know */                               \
    cudaError_t stop();                                                                   \
    /* y = x backwards, through 40 KB of shared memory of each block */                   \
    cudaError_t reverse_together(const float *x, float *y, int blocks);                   \
    /* how many of these a multiprocessor holds at once */                                \
    cudaError_t blocks_at_once(int *out);

namespace right {
GLI_PLANTED_KERNELS
}
namespace wrong {
GLI_PLANTED_KERNELS
}
