// Copies of 16 bytes from global to shared memory that go on while their thread does something else and pass through no
// register. gli_commit_copies makes one group of those that a thread has begun since the last; after
// gli_await_copies<N> all of its groups but the N latest are there, for this thread, and after a barrier for its block.
// Before compute capability 8.0, and in the emulator, a copy is there at once.
#ifndef GLI_KERNELS_DEVICE_ASYNC_COPY_CUH
#define GLI_KERNELS_DEVICE_ASYNC_COPY_CUH

#include "kernels/device/cuda.cuh"

#ifdef __CUDACC__

#include <cuda_pipeline_primitives.h>

/* S is a struct of 16 bytes. Where `exists` is false they are zeros, and nothing is read. */
template <class S>
__device__ inline void gli_copy_async(S *shared, const S *global, bool exists = true) {
    __pipeline_memcpy_async(shared, global, sizeof(S), exists ? 0 : sizeof(S));
}

__device__ inline void gli_commit_copies() { __pipeline_commit(); }

template <int N>
__device__ inline void gli_await_copies() {
    __pipeline_wait_prior(N);
}

#else

template <class S>
inline void gli_copy_async(S *shared, const S *global, bool exists = true) {
    *shared = exists ? *global : S{};
}

inline void gli_commit_copies() {}

template <int N>
inline void gli_await_copies() {}

#endif
#endif
