// A number of which the compiler does not know that it is another one: what follows from it is computed where it is
// needed, and not before a loop, where it would occupy registers.
#ifndef GLI_KERNELS_DEVICE_OPAQUE_CUH
#define GLI_KERNELS_DEVICE_OPAQUE_CUH

#include "kernels/device/cuda.cuh"

#ifdef __CUDACC__

__device__ inline int gli_opaque(int x) {
    asm volatile("" : "+r"(x));
    return x;
}

#else

inline int gli_opaque(int x) { return x; }

#endif
#endif
