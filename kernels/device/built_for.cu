#include "kernels/device/built_for.h"

#include "kernels/device/cuda.cuh"

#ifndef __CUDA_ARCH_LIST__  // nvcc's; the emulator has one architecture
#define __CUDA_ARCH_LIST__ __CUDA_ARCH__
#endif

#ifndef GLIA_KERNEL_PTX  // from CMake, where the library has any
#define GLIA_KERNEL_PTX 0
#endif

const gli_kernel_targets *gli_kernel_built_for(void) {
    static const int list[]                 = {__CUDA_ARCH_LIST__, 0};
    static const gli_kernel_targets targets = {list, GLIA_KERNEL_PTX};
    return &targets;
}
