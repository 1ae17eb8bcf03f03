// Cooperative launch: all blocks of a launch by GLI_LAUNCH_COOPERATIVE run at once, or the launch fails, so that they
// can wait for each other at counters in global memory. gli_signal adds one to a counter (a release), gli_await waits
// until it has reached a count (an acquire): what a block wrote before a barrier is visible to a thread that has
// awaited a signal given after that barrier, and to all of its block after their next one. Shared memory of such
// kernels is dynamic only, because the emulator gives only that to each block.
#ifndef GLI_KERNELS_DEVICE_COOPERATIVE_CUH
#define GLI_KERNELS_DEVICE_COOPERATIVE_CUH

#include "kernels/device/cuda.cuh"

#ifdef __CUDACC__

__device__ inline void gli_signal(unsigned *counter) {
    asm volatile("red.release.gpu.add.u32 [%0], 1;" ::"l"(counter) : "memory");
}

// Each poll is relaxed, since an acquire would empty the multiprocessor's L1 cache; the fence behind the last one
// makes it an acquire.
__device__ inline void gli_await(const unsigned *counter, unsigned count) {
    unsigned now;
    do asm volatile("ld.relaxed.gpu.u32 %0, [%1];" : "=r"(now) : "l"(counter) : "memory");
    while (now < count);
    asm volatile("fence.acq_rel.gpu;" ::: "memory");
}

template <typename... Parameters>
cudaError_t gli_launch_cooperative(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes,
                                   cudaStream_t stream, typename gli_same<Parameters>::type... arguments) {
    const void *function = reinterpret_cast<const void *>(kernel);
    cudaError_t allowed  = gli_allow_shared_memory(function, shared_bytes);
    if (allowed != cudaSuccess) return allowed;
    void *addresses[] = {const_cast<void *>(static_cast<const void *>(&arguments))..., nullptr};
    return cudaLaunchCooperativeKernel(function, grid, block, addresses, shared_bytes, stream);
}

#define GLI_LAUNCH_COOPERATIVE(kernel, grid, block, shared_bytes, ...) \
    gli_launch_cooperative(kernel, grid, block, shared_bytes, __VA_ARGS__)

#else

#include "emulator/signals.h"

#define GLI_LAUNCH_COOPERATIVE(kernel, grid, block, shared_bytes, ...)               \
    (gli_allow_shared_memory(emulator::address(kernel), shared_bytes) != cudaSuccess \
         ? cudaPeekAtLastError()                                                     \
         : emulator::launch_as(true, #kernel, kernel, grid, block, shared_bytes, __VA_ARGS__))

#endif

// *out: how many blocks of such a launch a multiprocessor holds at once.
template <typename... Parameters>
cudaError_t gli_cooperative_blocks(void (*kernel)(Parameters...), int threads, size_t shared_bytes, int *out) {
    const void *function = reinterpret_cast<const void *>(kernel);
    cudaError_t allowed  = gli_allow_shared_memory(function, shared_bytes);
    if (allowed != cudaSuccess) return allowed;
    return cudaOccupancyMaxActiveBlocksPerMultiprocessor(out, function, threads, shared_bytes);
}

#endif
