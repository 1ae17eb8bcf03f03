#include "kernels/pool/avg_pool3d_launch.h"

#include "kernels/pool/pool3d.cuh"

namespace glia {
namespace {

/* The sum is double, as in avg_pool2d.cu. */
template <class T, int W>
__global__ void __launch_bounds__(POOL_THREADS, POOL_MIN_BLOCKS) avg_pool3d_kernel(volume_job<T> v) {
    typedef compute<T> C;
    const pool_job<T> &j = v.images;
    const unsigned i     = blockIdx.x * POOL_THREADS + threadIdx.x;
    if (i >= j.threads.count) return;
    const volume_element to = volume_element_of<T, W>(v, i);
    const window slices = window_at(v.slices, to.slice), rows = window_at(j.rows, to.image.a),
                 columns = window_at(j.columns, to.image.b);
    const double count   = double(slices.count) * rows.count * columns.count;
    double sum[W]        = {};
    C values[W];
    for (int slice = slices.first; slice < slices.last; ++slice) {
        const T *image = j.in + (offset(j.in_stride, {to.image.n, to.image.c, 0, 0}) + slice * v.in_slice);
        for (int row = rows.first; row < rows.last; ++row)
            for (int column = columns.first; column < columns.last; ++column) {
                load<T, W>(image + (row * j.in_stride[2] + column * j.in_stride[3]), values);
                for (int k = 0; k < W; ++k) sum[k] += values[k];
            }
    }
    for (int k = 0; k < W; ++k) values[k] = C(sum[k] / count);
    store<T, W>(j.out + (offset(j.out_stride, to.image) + to.slice * v.out_slice), values);
}

template <class T, int W>
__global__ void __launch_bounds__(POOL_THREADS, POOL_MIN_BLOCKS) avg_pool3d_backward_kernel(volume_job<T> v) {
    typedef compute<T> C;
    const pool_job<T> &j = v.images;
    const unsigned i     = blockIdx.x * POOL_THREADS + threadIdx.x;
    if (i >= j.threads.count) return;
    const volume_element to = volume_element_of<T, W>(v, i);
    const window_range zs   = windows_over(v.slices, to.slice);
    const window_range ps = windows_over(j.rows, to.image.a), qs = windows_over(j.columns, to.image.b);
    C sum[W] = {}, values[W];
    for (int z = zs.first; z < zs.last; ++z) {
        const T *dy = j.in + (offset(j.in_stride, {to.image.n, to.image.c, 0, 0}) + z * v.in_slice);
        for (int p = ps.first; p < ps.last; ++p) {
            const C count = C(window_at(v.slices, z).count) * C(window_at(j.rows, p).count);
            for (int q = qs.first; q < qs.last; ++q) {
                load<T, W>(dy + (p * j.in_stride[2] + q * j.in_stride[3]), values);
                for (int k = 0; k < W; ++k) sum[k] += values[k] / (count * C(window_at(j.columns, q).count));
            }
        }
    }
    store<T, W>(j.out + (offset(j.out_stride, to.image) + to.slice * v.out_slice), sum);
}

template <class T, int W>
cudaError_t launch(const gli_pool_geom &g, const gli_pool2d_arrays &a, bool backward, cudaStream_t stream) {
    const volume_job<T> j = volume_job_of<T>(g, a, backward, W);
    const int blocks      = blocks_of(j.images);
    if (backward) return GLI_LAUNCH((avg_pool3d_backward_kernel<T, W>), blocks, POOL_THREADS, 0, stream, j);
    return GLI_LAUNCH((avg_pool3d_kernel<T, W>), blocks, POOL_THREADS, 0, stream, j);
}

template <class T>
cudaError_t avg_pool3d(const gli_pool_geom &g, const gli_pool2d_arrays &a, bool backward, cudaStream_t stream) {
    if (has_no_images(g)) return cudaSuccess;
    return volumes_in_packs<T>(g, a, backward) ? launch<T, vector<T>::width>(g, a, backward, stream)
                                               : launch<T, 1>(g, a, backward, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_avg_pool3d(const gli_pool_geom *geom, const gli_pool2d_arrays *arrays, cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::avg_pool3d<T>(*geom, *arrays, false, stream));
}

cudaError_t gli_kernel_avg_pool3d_backward(const gli_pool_geom *geom, const gli_pool2d_arrays *arrays,
                                           cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::avg_pool3d<T>(*geom, *arrays, true, stream));
}
