// What every kernel file includes: CUDA under nvcc, and the emulator of src/emulator under a host compiler.
//
// Kernels are written in CUDA's own spelling. Two things C++ cannot parse go through macros: a launch, which is an
// expression of type cudaError_t, and the dynamic shared memory of a kernel. A kernel whose template arguments hold a
// comma stands in parentheses: GLI_LAUNCH((matmul<float, 16>), grid, block, 0, stream, a, b, c).
#ifndef GLI_KERNELS_DEVICE_CUDA_CUH
#define GLI_KERNELS_DEVICE_CUDA_CUH

#ifdef __CUDACC__
#include <cuda_runtime.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <mma.h>
#else
#include "emulator/kernel.h"
#endif

// Bytes of shared memory that a block of the current device may ask for.
inline cudaError_t gli_shared_memory_limit(size_t *bytes) {
    int device = 0, limit = 0;
    cudaError_t error = cudaGetDevice(&device);
    if (error == cudaSuccess) error = cudaDeviceGetAttribute(&limit, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
    *bytes = static_cast<size_t>(limit);
    return error;
}

// A kernel may have more than 48 KB of shared memory, 1 KB of it for what is static, only after asking for it. It asks
// for all that there is, because what it was allowed last holds for the launches of all threads.
inline cudaError_t gli_allow_shared_memory(const void *kernel, size_t bytes) {
    if (bytes <= 47 * 1024) return cudaSuccess;
    cudaFuncAttributes own;
    int device, all;
    cudaError_t error = cudaFuncGetAttributes(&own, kernel);
    if (error != cudaSuccess || own.maxDynamicSharedSizeBytes >= (int)bytes) return error;
    error = cudaGetDevice(&device);
    if (error == cudaSuccess) error = cudaDeviceGetAttribute(&all, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
    if (error != cudaSuccess) return error;
    return cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, all - (int)own.sharedSizeBytes);
}

#ifdef __CUDACC__

// 2^x within two units in the last place; what is less than the smallest normal float is 0.
__device__ inline float gli_fast_exp2(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

// The base of a struct that one wide access moves: the emulator checks the alignment of each copy.
template <typename Derived>
struct gli_wide {};

template <typename T>
struct gli_same {
    using type = T;
};

// The arguments are converted to the kernel's own parameter types, which is what cudaLaunchKernel needs.
template <typename... Parameters>
cudaError_t gli_launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream,
                       typename gli_same<Parameters>::type... arguments) {
    const void *function = reinterpret_cast<const void *>(kernel);
    cudaError_t allowed  = gli_allow_shared_memory(function, shared_bytes);
    if (allowed != cudaSuccess) return allowed;
    void *addresses[] = {const_cast<void *>(static_cast<const void *>(&arguments))..., nullptr};
    return cudaLaunchKernel(function, grid, block, addresses, shared_bytes, stream);
}

#define GLI_LAUNCH(kernel, grid, block, shared_bytes, ...) gli_launch(kernel, grid, block, shared_bytes, __VA_ARGS__)
#define GLI_DYNAMIC_SHARED(T, name)                                   \
    extern __shared__ __align__(16) unsigned char gli_shared_bytes[]; \
    T *name = reinterpret_cast<T *>(gli_shared_bytes)

#else

inline float gli_fast_exp2(float x) { return exp2f(x); }

#define GLI_LAUNCH(kernel, grid, block, shared_bytes, ...)                           \
    (gli_allow_shared_memory(emulator::address(kernel), shared_bytes) != cudaSuccess \
         ? cudaPeekAtLastError()                                                     \
         : emulator::launch(#kernel, kernel, grid, block, shared_bytes, __VA_ARGS__))
#define GLI_DYNAMIC_SHARED(T, name) T *name = static_cast<T *>(emulator::dynamic_shared_memory())

#endif
#endif
