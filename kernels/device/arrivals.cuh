// Blocks that leave the rest of their work to the last of them, in a launch of any kind: none waits. Each writes its
// part to global memory, passes a barrier, and has one thread arrive at a counter, which is zero before and after.
// gli_arrive(counter, blocks) is true for the last of so many; what the others wrote before that barrier is visible to
// its thread, and to all of its block after their next barrier.
#ifndef GLI_KERNELS_DEVICE_ARRIVALS_CUH
#define GLI_KERNELS_DEVICE_ARRIVALS_CUH

#include "kernels/device/cuda.cuh"

#ifdef __CUDACC__

__device__ inline bool gli_arrive(unsigned *counter, unsigned blocks) {
    unsigned before;
    asm volatile("atom.acq_rel.gpu.inc.u32 %0, [%1], %2;" : "=r"(before) : "l"(counter), "r"(blocks - 1) : "memory");
    return before == blocks - 1;
}

#else
#include "emulator/signals.h"
#endif

#endif
