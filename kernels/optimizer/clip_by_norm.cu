/* Two launches: each block sums the squares of its share; then each block sums the blocks' sums, all in the same order,
 * and scales its share. */
#include "kernels/optimizer/clip_by_norm_launch.h"

#include "kernels/device/pack.cuh"
#include "kernels/device/wide_sums.cuh"

namespace glia {
namespace {

enum {
    CLIP_THREADS = 256,
    CLIP_WARPS   = CLIP_THREADS / LANES,
    CLIP_PACKS   = 2 /* of a thread, at least, unless that is more blocks than there may be */
};

template <class T>
using squares = wide_squares<T, double>;

template <class T>
__global__ void __launch_bounds__(CLIP_THREADS) squares_kernel(const T *g, int count, bool wide, squares<T> *of_block) {
    __shared__ squares<T> shared[CLIP_WARPS];
    const int width = vector<T>::width;
    squares<T> sum  = {};
    for (int64_t i = (int64_t(blockIdx.x) * CLIP_THREADS + threadIdx.x) * width; i < count;
         i += int64_t(gridDim.x) * CLIP_THREADS * width) {
        const int n = count - i < width ? static_cast<int>(count - i) : width;
        compute<T> values[width];
        load_pack(g + i, n, wide, values);
        for (int k = 0; k < width; ++k) sum.add(values[k]);
    }
    sum = block_merge(sum, shared);
    if (threadIdx.x == 0) of_block[blockIdx.x] = sum;
}

template <class T>
__global__ void __launch_bounds__(CLIP_THREADS)
    clip_kernel(const T *g, T *y, int count, bool wide, const squares<T> *of_block, double max_norm, float *norm) {
    __shared__ squares<T> shared[CLIP_WARPS];
    const int width = vector<T>::width;
    squares<T> sum  = {};
    for (unsigned b = threadIdx.x; b < gridDim.x; b += CLIP_THREADS) sum.merge(of_block[b]);
    sum                = block_merge(sum, shared);
    const double found = sum.root(), ratio = max_norm / (found + GLI_CLIP_BY_NORM_EPSILON);
    /* Of huge numbers the factor would be too small for a float: it has two parts then. */
    const double first = ratio < 0x1p-100 ? 0x1p-64 : 1;
    const auto scale = static_cast<compute<T>>(ratio > 1 ? 1 : ratio / first), down = static_cast<compute<T>>(first);
    if (norm && blockIdx.x == 0 && threadIdx.x == 0) *norm = static_cast<float>(found);
    for (int64_t i = (int64_t(blockIdx.x) * CLIP_THREADS + threadIdx.x) * width; i < count;
         i += int64_t(gridDim.x) * CLIP_THREADS * width) {
        const int n = count - i < width ? static_cast<int>(count - i) : width;
        compute<T> values[width];
        load_pack(g + i, n, wide, values);
        for (int k = 0; k < width; ++k) values[k] = values[k] * down * scale;
        store_pack(y + i, n, wide, values);
    }
}

template <class T>
cudaError_t clip_by_norm(const gli_clip_by_norm_geom &geom, const gli_clip_by_norm_arrays &a, cudaStream_t stream) {
    const T *g      = static_cast<const T *>(a.g);
    T *y            = static_cast<T *>(a.y);
    squares<T> *sum = static_cast<squares<T> *>(a.workspace);
    const int count = geom.count, max = GLI_CLIP_BY_NORM_WORKSPACE / sizeof *sum;
    const bool wide         = aligned16(g) && aligned16(y);
    const int full          = blocks_for(count, CLIP_THREADS * vector<T>::width * CLIP_PACKS);
    const int blocks        = full < 1 ? 1 : full < max ? full : max;
    const cudaError_t first = GLI_LAUNCH(squares_kernel<T>, blocks, CLIP_THREADS, 0, stream, g, count, wide, sum);
    if (first != cudaSuccess) return first;
    return GLI_LAUNCH(clip_kernel<T>, blocks, CLIP_THREADS, 0, stream, g, y, count, wide, sum, geom.max_norm, a.norm);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_clip_by_norm(const gli_clip_by_norm_geom *geom, const gli_clip_by_norm_arrays *arrays,
                                    cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::clip_by_norm<T>(*geom, *arrays, stream));
}
