#include "ptx/planted_ptx.h"

#include "kernels/device/cooperative.cuh"
#include "kernels/device/cuda.cuh"

#ifdef GLI_PLANTED
#define VARIANT wrong
constexpr bool WRONG = true;
#else
#define VARIANT right
constexpr bool WRONG = false;
#endif

namespace VARIANT {

namespace {

__global__ void halve_kernel(const float *x, float *y, int n) {
    const int i = int(threadIdx.x);
    if (i < n) y[i] = x[i] * 0.5f;
}

__global__ void vectors_kernel(const float *x, float *y, int n) {
    const int i = int(threadIdx.x) * 4;
    if (i < n) *reinterpret_cast<float4 *>(y + i) = *reinterpret_cast<const float4 *>(x + i);
}

#ifdef __CUDA_ARCH__
constexpr int EACH = WRONG ? 3 : 4;
#else
constexpr int EACH = 4;
#endif

__global__ void several_kernel(const float *x, float *y, int n) {
    for (int k = 0; k < EACH; k++) {
        const int i = int(threadIdx.x) * EACH + k;
        if (i < n) y[i] = x[i];
    }
}

__device__ uint32_t two(const uint16_t *x, int stride) { return uint32_t(x[stride]) << 16 | x[0]; }

__global__ void multiply_kernel(const uint16_t *a, const uint16_t *b, float *y) {
    const int group = int(threadIdx.x) / 4, pair = int(threadIdx.x) % 4 * 2;
    const uint32_t above = two(a + group * 8 + pair, 1), below = two(a + (group + 8) * 8 + pair, 1);
    const uint32_t column = two(b + pair * 8 + group, 8);
    float sum[4];
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%7, %7, %7, %7};"
                 : "=f"(sum[0]), "=f"(sum[1]), "=f"(sum[2]), "=f"(sum[3])
                 : "r"(WRONG ? below : above), "r"(WRONG ? above : below), "r"(column), "f"(0.0f));
    for (int i = 0; i < 4; i++) y[(group + i / 2 * 8) * 8 + pair + i % 2] = sum[i];
}

__global__ void asynchronous_kernel(const float *x, float *y) {
    __shared__ __align__(16) float buffer[128];
    const auto target = uint32_t(__cvta_generic_to_shared(buffer + threadIdx.x * 4));
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(target), "l"(x + threadIdx.x * 4) : "memory");
    asm volatile("cp.async.commit_group;" ::: "memory");
    if (!WRONG) asm volatile("cp.async.wait_group 0;" ::: "memory");
    __syncthreads();
    for (int i = int(threadIdx.x); i < 128; i += 32) y[127 - i] = buffer[127 - i];
}

__global__ void reverse_kernel(const float *x, float *y) {
    __shared__ float buffer[10240];
    for (int i = int(threadIdx.x); i < 10240; i += 128) buffer[i] = x[i % 128];
    __syncthreads();
    y[threadIdx.x] = buffer[10239 - threadIdx.x];
}

__global__ void stop_kernel() { asm volatile("brkpt;"); }

}  // namespace

cudaError_t halve(const float *x, float *y, int n) { return GLI_LAUNCH(halve_kernel, 1, n, 0, nullptr, x, y, n); }

cudaError_t copy_vectors(const float *x, float *y, int n) {
    return GLI_LAUNCH(vectors_kernel, 1, n / 4, 0, nullptr, x + (WRONG ? 1 : 0), y, n);
}

cudaError_t copy_several(const float *x, float *y, int n) {
    return GLI_LAUNCH(several_kernel, 1, n / EACH, 0, nullptr, x, y, n);
}

cudaError_t multiply(const uint16_t *a, const uint16_t *b, float *y) {
    return GLI_LAUNCH(multiply_kernel, 1, 32, 0, nullptr, a, b, y);
}

cudaError_t copy_asynchronously(const float *x, float *y) {
    return GLI_LAUNCH(asynchronous_kernel, 1, 32, 0, nullptr, x, y);
}

cudaError_t reverse_together(const float *x, float *y, int blocks) {
    return GLI_LAUNCH_COOPERATIVE(reverse_kernel, blocks, 128, 0, nullptr, x, y);
}

cudaError_t blocks_at_once(int *out) { return gli_cooperative_blocks(reverse_kernel, 128, 0, out); }

cudaError_t stop() { return GLI_LAUNCH(stop_kernel, 1, 1, 0, nullptr); }

}  // namespace VARIANT
