/* Each thread makes one Philox block of four numbers, for four elements. */
#include "kernels/random/random_fill_launch.h"

#include "core/philox.h"
#include "kernels/device/types.cuh"

namespace glia {
namespace {

enum { FILL_THREADS = 256, NUMBERS = 4 };

__device__ inline double truncated_normal(gli_random use, uint64_t element) {
    double z[2];
    do {
        ++use.step;
        const gli_u32x4 block = gli_random_block(use, static_cast<uint32_t>(element / 2));
        const int half        = element % 2 * 2;
        gli_normal_pair(block.v[half], block.v[half + 1], z);
    } while (fabs(z[0]) > 2);
    return z[0];
}

/* Numbers first to first + 3 of the stream; first is a multiple of four. */
__device__ inline void draw(glia_random_kind kind, gli_random use, int64_t first, double (&values)[NUMBERS]) {
    if (kind == GLIA_RANDOM_TRUNCATED_NORMAL) {
        for (int k = 0; k < NUMBERS; ++k) values[k] = truncated_normal(use, static_cast<uint64_t>(first + k));
        return;
    }
    const gli_u32x4 block = gli_random_block(use, static_cast<uint32_t>(first / NUMBERS));
    for (int k = 0; k < NUMBERS; k += 2) {
        double pair[2] = {gli_unit_float(block.v[k]), gli_unit_float(block.v[k + 1])};
        if (kind == GLIA_RANDOM_NORMAL) gli_normal_pair(block.v[k], block.v[k + 1], pair);
        values[k] = pair[0], values[k + 1] = pair[1];
    }
}

__device__ inline void store_double(float *y, double value) { *y = static_cast<float>(value); }
__device__ inline void store_double(double *y, double value) { *y = value; }
__device__ inline void store_double(bf16 *y, double value) { *y = __double2bfloat16(value); }
__device__ inline void store_double(f16 *y, double value) { *y = __double2half(value); }

/* The product is rounded before the sum, as on a CPU without fused multiplication. */
template <class T>
__global__ void __launch_bounds__(FILL_THREADS) random_fill_kernel(gli_random_fill_geom g, T *y) {
    const int64_t begin = (int64_t(blockIdx.x) * FILL_THREADS + threadIdx.x) * NUMBERS;
    if (begin >= g.count) return;
    double values[NUMBERS];
    draw(g.kind, {g.seed, g.stream, 0}, begin, values);
    for (int k = 0; k < NUMBERS; ++k)
        if (begin + k < g.count) store_double(y + begin + k, __dadd_rn(g.offset, __dmul_rn(g.scale, values[k])));
}

template <class T>
cudaError_t random_fill(const gli_random_fill_geom &g, void *y, cudaStream_t stream) {
    const int blocks = blocks_for(g.count, FILL_THREADS * NUMBERS);
    if (g.count == 0) return cudaSuccess;
    return GLI_LAUNCH(random_fill_kernel<T>, blocks, FILL_THREADS, 0, stream, g, static_cast<T *>(y));
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_random_fill(const gli_random_fill_geom *geom, glia_dtype dtype, void *y, cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::random_fill<T>(*geom, y, stream));
}
