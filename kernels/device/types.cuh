/* Element types of kernels: f32, f64, bf16 and f16, computed in float, f64 in double. */
#ifndef GLI_KERNELS_DEVICE_TYPES_CUH
#define GLI_KERNELS_DEVICE_TYPES_CUH

#include <cstdint>

#include "glia/tensor.h"
#include "kernels/device/cuda.cuh"

namespace glia {

typedef __nv_bfloat16 bf16;
typedef __half f16;

template <class T>
struct compute_of {
    typedef float type;
};
template <>
struct compute_of<double> {
    typedef double type;
};
template <class T>
using compute = typename compute_of<T>::type; /* what sums and functions of T are computed in */

__device__ inline float to_compute(float x) { return x; }
__device__ inline double to_compute(double x) { return x; }
__device__ inline float to_compute(bf16 x) { return __bfloat162float(x); }
__device__ inline float to_compute(f16 x) { return __half2float(x); }

template <class T>
__device__ inline T round_to(compute<T> x) {
    return x;
}
template <>
__device__ inline bf16 round_to<bf16>(float x) {
    return __float2bfloat16_rn(x);
}
template <>
__device__ inline f16 round_to<f16>(float x) {
    return __float2half_rn(x);
}

/* As many elements as one 16-byte access moves. */
template <class T>
struct alignas(16) vector : gli_wide<vector<T>> {
    enum { width = 16 / sizeof(T) };
    T at[width];
};

inline bool aligned16(const void *p) { return reinterpret_cast<uintptr_t>(p) % 16 == 0; }

inline int blocks_for(int64_t count, int per_block) { return static_cast<int>((count + per_block - 1) / per_block); }

}  // namespace glia

/* `return GLI_FOR_FLOAT(dtype, T, launch<T>(...))`: the expression with T for the dtype; cudaErrorInvalidValue for one
 * that is no float. */
#define GLI_FOR_FLOAT(dtype, T, ...)               \
    [&]() -> cudaError_t {                         \
        switch (dtype) {                           \
            case GLIA_F32: {                       \
                using T = float;                   \
                return __VA_ARGS__;                \
            }                                      \
            case GLIA_F64: {                       \
                using T = double;                  \
                return __VA_ARGS__;                \
            }                                      \
            case GLIA_BF16: {                      \
                using T = glia::bf16;              \
                return __VA_ARGS__;                \
            }                                      \
            case GLIA_F16: {                       \
                using T = glia::f16;               \
                return __VA_ARGS__;                \
            }                                      \
            default: return cudaErrorInvalidValue; \
        }                                          \
    }()

#endif
