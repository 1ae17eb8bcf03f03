#include "kernels/pool/avg_pool2d_launch.h"

#include "kernels/pool/pool2d.cuh"

namespace glia {
namespace {

/* The sum is double: a window may be the whole image, and a mean is finite where a sum of floats is not. */
template <class T, int W>
__global__ void __launch_bounds__(POOL_THREADS, POOL_MIN_BLOCKS) avg_pool2d_kernel(pool_job<T> j) {
    typedef compute<T> C;
    const unsigned i = blockIdx.x * POOL_THREADS + threadIdx.x;
    if (i >= j.threads.count) return;
    const pool_element to = element_of<W>(j.threads, i);
    const window rows = window_at(j.rows, to.a), columns = window_at(j.columns, to.b);
    const double count = double(rows.count) * columns.count;
    double sum[W]      = {};
    C values[W];
    for (int row = rows.first; row < rows.last; ++row)
        for (int column = columns.first; column < columns.last; ++column) {
            load<T, W>(j.in + offset(j.in_stride, {to.n, to.c, row, column}), values);
            for (int k = 0; k < W; ++k) sum[k] += values[k];
        }
    for (int k = 0; k < W; ++k) values[k] = C(sum[k] / count);
    store<T, W>(j.out + offset(j.out_stride, to), values);
}

template <class T, int W>
__global__ void __launch_bounds__(POOL_THREADS, POOL_MIN_BLOCKS) avg_pool2d_backward_kernel(pool_job<T> j) {
    typedef compute<T> C;
    const unsigned i = blockIdx.x * POOL_THREADS + threadIdx.x;
    if (i >= j.threads.count) return;
    const pool_element to = element_of<W>(j.threads, i);
    const window_range ps = windows_over(j.rows, to.a), qs = windows_over(j.columns, to.b);
    C sum[W] = {}, values[W];
    for (int p = ps.first; p < ps.last; ++p) {
        const C count = C(window_at(j.rows, p).count);
        for (int q = qs.first; q < qs.last; ++q) {
            load<T, W>(j.in + offset(j.in_stride, {to.n, to.c, p, q}), values);
            for (int k = 0; k < W; ++k) sum[k] += values[k] / (count * C(window_at(j.columns, q).count));
        }
    }
    store<T, W>(j.out + offset(j.out_stride, to), sum);
}

template <class T, int W>
cudaError_t launch(const gli_pool_geom &g, const gli_pool2d_arrays &a, bool backward, cudaStream_t stream) {
    const pool_job<T> j = job_of<T>(g, a, backward, W);
    if (backward) return GLI_LAUNCH((avg_pool2d_backward_kernel<T, W>), blocks_of(j), POOL_THREADS, 0, stream, j);
    return GLI_LAUNCH((avg_pool2d_kernel<T, W>), blocks_of(j), POOL_THREADS, 0, stream, j);
}

template <class T>
cudaError_t avg_pool2d(const gli_pool_geom &g, const gli_pool2d_arrays &a, bool backward, cudaStream_t stream) {
    if (has_no_images(g)) return cudaSuccess;
    return in_packs<T>(g, a, backward) ? launch<T, vector<T>::width>(g, a, backward, stream)
                                       : launch<T, 1>(g, a, backward, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_avg_pool2d(const gli_pool_geom *geom, const gli_pool2d_arrays *arrays, cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::avg_pool2d<T>(*geom, *arrays, false, stream));
}

cudaError_t gli_kernel_avg_pool2d_backward(const gli_pool_geom *geom, const gli_pool2d_arrays *arrays,
                                           cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::avg_pool2d<T>(*geom, *arrays, true, stream));
}
