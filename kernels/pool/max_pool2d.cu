/* Backward there are two kernels. Where the windows are known, an element of dx looks at those that contain it for its
 * own index. Where they are not (adaptive pooling, or indices from elsewhere), max_pool2d_backward_scan goes through
 * all indices of a channel for each chunk of its elements, whose sums are in shared memory. */
#include "kernels/pool/max_pool2d_launch.h"

#include "kernels/pool/max_pool.cuh"

namespace glia {
namespace {

template <class T, int W>
__global__ void __launch_bounds__(POOL_THREADS, POOL_MIN_BLOCKS) max_pool2d_kernel(pool_job<T> j) {
    const unsigned i = blockIdx.x * POOL_THREADS + threadIdx.x;
    if (i >= j.threads.count) return;
    const pool_element to               = element_of<W>(j.threads, i);
    const maxima<compute<T>, W> largest = largest_in_window<T, W>(j, to);
    store<T, W>(j.out + offset(j.out_stride, to), largest.value);
    if (j.indices)
        store_indices(j.indices + offset(j.indices_stride, to), j.indices_stride[1], j.wide_indices, largest.index);
}

template <class T, int W>
__global__ void __launch_bounds__(POOL_THREADS, POOL_MIN_BLOCKS) max_pool2d_backward_kernel(pool_job<T> j) {
    typedef compute<T> C;
    const unsigned i = blockIdx.x * POOL_THREADS + threadIdx.x;
    if (i >= j.threads.count) return;
    const pool_element to = element_of<W>(j.threads, i);
    const window_range ps = windows_over(j.rows, to.a), qs = windows_over(j.columns, to.b);
    const T *dy              = j.in + offset(j.in_stride, {to.n, to.c, 0, 0});
    const int *indices_of_dy = j.indices + offset(j.indices_stride, {to.n, to.c, 0, 0});
    C sum[W]                 = {};
    add_gradients<T, W>(j, dy, indices_of_dy, ps, qs, to.a * j.columns.in + to.b, sum);
    store<T, W>(j.out + offset(j.out_stride, to), sum);
}

constexpr int SCAN_CHUNK = 32, MAX_CHUNKS = 65535; /* elements of a channel that a thread sums at once; blocks in y */

/* Block x has some channels of all images, one for each thread, block y every gridDim.y-th chunk of their elements. */
template <class T>
__global__ void __launch_bounds__(POOL_THREADS, POOL_MIN_BLOCKS)
    max_pool2d_backward_scan(pool_job<T> j, int images, int channels) {
    typedef compute<T> C;
    __shared__ C sums[SCAN_CHUNK][POOL_THREADS];
    const unsigned channel = blockIdx.x * blockDim.x + threadIdx.x;
    if (channel >= unsigned(images) * channels) return;
    const int n = channel / channels, c = channel % channels;
    const int64_t area = int64_t(j.rows.in) * j.columns.in;
    for (int64_t begin = int64_t(blockIdx.y) * SCAN_CHUNK; begin < area; begin += int64_t(gridDim.y) * SCAN_CHUNK) {
        const int count = int(min(int64_t(SCAN_CHUNK), area - begin));
        for (int k = 0; k < count; ++k) sums[k][threadIdx.x] = 0;
        for (int p = 0; p < j.rows.out; ++p)
            for (int q = 0; q < j.columns.out; ++q) {
                const int64_t k = j.indices[offset(j.indices_stride, {n, c, p, q})] - begin;
                if (k >= 0 && k < count) sums[k][threadIdx.x] += to_compute(j.in[offset(j.in_stride, {n, c, p, q})]);
            }
        for (int k = 0; k < count; ++k) {
            const int row = int((begin + k) / j.columns.in), column = int((begin + k) % j.columns.in);
            j.out[offset(j.out_stride, {n, c, row, column})] = round_to<T>(sums[k][threadIdx.x]);
        }
    }
}

template <class T, int W>
cudaError_t launch(const gli_pool_geom &g, const gli_pool2d_arrays &a, bool backward, cudaStream_t stream) {
    const pool_job<T> j = job_of<T>(g, a, backward, W);
    if (backward) return GLI_LAUNCH((max_pool2d_backward_kernel<T, W>), blocks_of(j), POOL_THREADS, 0, stream, j);
    return GLI_LAUNCH((max_pool2d_kernel<T, W>), blocks_of(j), POOL_THREADS, 0, stream, j);
}

template <class T>
cudaError_t launch_scan(const gli_pool_geom &g, const gli_pool2d_arrays &a, cudaStream_t stream) {
    const int64_t channels = int64_t(g.n) * g.c, chunks = (int64_t(g.h) * g.w + SCAN_CHUNK - 1) / SCAN_CHUNK;
    const int threads = channels < POOL_THREADS ? blocks_for(channels, 32) * 32 : int(POOL_THREADS);
    const dim3 grid(blocks_for(channels, threads), static_cast<unsigned>(chunks < MAX_CHUNKS ? chunks : MAX_CHUNKS));
    const pool_job<T> j = job_of<T>(g, a, true, 1);
    return GLI_LAUNCH(max_pool2d_backward_scan<T>, grid, threads, 0, stream, j, g.n, g.c);
}

template <class T>
cudaError_t max_pool2d(const gli_pool_geom &g, const gli_pool2d_arrays &a, bool backward, cudaStream_t stream) {
    if (has_no_images(g)) return cudaSuccess;
    if (backward && g.r == 0) return launch_scan<T>(g, a, stream);
    return in_packs<T>(g, a, backward) ? launch<T, vector<T>::width>(g, a, backward, stream)
                                       : launch<T, 1>(g, a, backward, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_max_pool2d(const gli_pool_geom *geom, const gli_pool2d_arrays *arrays, cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::max_pool2d<T>(*geom, *arrays, false, stream));
}

cudaError_t gli_kernel_max_pool2d_backward(const gli_pool_geom *geom, const gli_pool2d_arrays *arrays,
                                           cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::max_pool2d<T>(*geom, *arrays, true, stream));
}
