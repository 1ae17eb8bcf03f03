#include "kernels/copy.h"

#include "kernels/types.h"

namespace glia {
namespace {

enum { COPY_THREADS = 256 };

template <class T>
__device__ inline T clamped(double value, double low, double high) {
    if (isnan(value)) return 0;
    return static_cast<T>(value < low ? low : value > high ? high : value);
}

__device__ inline double load(glia_dtype dtype, const void *data, int64_t i) {
    switch (dtype) {
        case GLIA_F32: return static_cast<const float *>(data)[i];
        case GLIA_F64: return static_cast<const double *>(data)[i];
        case GLIA_BF16: return widen(static_cast<const bf16 *>(data)[i]);
        case GLIA_F16: return widen(static_cast<const f16 *>(data)[i]);
        case GLIA_U8: return static_cast<const uint8_t *>(data)[i];
        case GLIA_I32: return static_cast<const int32_t *>(data)[i];
        case GLIA_I64: return static_cast<double>(static_cast<const int64_t *>(data)[i]);
    }
    return 0;
}

__device__ inline void store(glia_dtype dtype, void *data, int64_t i, double value) {
    switch (dtype) {
        case GLIA_F32: static_cast<float *>(data)[i] = static_cast<float>(value); return;
        case GLIA_F64: static_cast<double *>(data)[i] = value; return;
        case GLIA_BF16: static_cast<bf16 *>(data)[i] = __double2bfloat16(value); return;
        case GLIA_F16: static_cast<f16 *>(data)[i] = __double2half(value); return;
        case GLIA_U8: static_cast<uint8_t *>(data)[i] = clamped<uint8_t>(value, 0, 255); return;
        case GLIA_I32: static_cast<int32_t *>(data)[i] = clamped<int32_t>(value, -2147483648.0, 2147483647.0); return;
        case GLIA_I64:
            static_cast<int64_t *>(data)[i] = value >= 0x1p63 ? INT64_MAX : clamped<int64_t>(value, -0x1p63, 0x1p63);
            return;
    }
}

__global__ void __launch_bounds__(COPY_THREADS) copy_kernel(glia_copy_geom g, int count) {
    const int64_t i = int64_t(blockIdx.x) * COPY_THREADS + threadIdx.x;
    if (i >= count) return;
    int64_t rest = i, to = 0, from = 0;
    for (int d = g.ndim - 1; d >= 0; --d) {
        const int64_t at = rest % g.dim[d];
        rest /= g.dim[d];
        to += at * g.to.stride[d];
        from += at * g.from.stride[d];
    }
    if (g.to.dtype == GLIA_I64 && g.from.dtype == GLIA_I64) /* a double does not hold each of them */
        static_cast<int64_t *>(g.to.data)[to] = static_cast<const int64_t *>(g.from.data)[from];
    else
        store(g.to.dtype, g.to.data, to, load(g.from.dtype, g.from.data, from));
}

}  // namespace
}  // namespace glia

cudaError_t glia_kernel_copy(const glia_copy_geom *geom, cudaStream_t stream) {
    int64_t count = 1;
    for (int d = 0; d < geom->ndim; ++d) count *= geom->dim[d];
    if (count == 0) return cudaSuccess;
    const int blocks = glia::blocks_for(count, glia::COPY_THREADS);
    return GLIA_LAUNCH(glia::copy_kernel, blocks, glia::COPY_THREADS, 0, stream, *geom, static_cast<int>(count));
}
