#include "kernels/device/built_for.h"

#include "kernels/device/cuda.cuh"

#ifndef __CUDA_ARCH_LIST__  // nvcc's; the emulator has one architecture
#define __CUDA_ARCH_LIST__ __CUDA_ARCH__
#endif

const int *gli_kernel_architectures(void) {
    static const int list[] = {__CUDA_ARCH_LIST__, 0};
    return list;
}
