#include "kernels/pool/max_pool3d_launch.h"

#include "kernels/pool/max_pool.cuh"
#include "kernels/pool/pool3d.cuh"

namespace glia {
namespace {

template <class T, int W>
__global__ void __launch_bounds__(POOL_THREADS, POOL_MIN_BLOCKS) max_pool3d_kernel(volume_job<T> v) {
    const pool_job<T> &j = v.images;
    const unsigned i     = blockIdx.x * POOL_THREADS + threadIdx.x;
    if (i >= j.threads.count) return;
    const volume_element to   = volume_element_of<T, W>(v, i);
    const window_steps slices = steps_of(v.slices, to.slice);
    const window_steps rows = steps_of(j.rows, to.image.a), columns = steps_of(j.columns, to.image.b);
    const T *volume     = j.in + offset(j.in_stride, {to.image.n, to.image.c, 0, 0});
    const unsigned area = unsigned(j.rows.in) * unsigned(j.columns.in);
    maxima<compute<T>, W> best;
    for (int t = 0; t < slices.count; ++t) {
        const unsigned slice = slices.first + t * slices.dilation;
        if (slice < unsigned(v.slices.in))
            consider_window(j, volume + slice * v.in_slice, rows, columns, slice * area, &best);
    }
    if (j.relu) best.rectify();
    store<T, W>(j.out + (offset(j.out_stride, to.image) + to.slice * v.out_slice), best.value);
    if (j.indices)
        store_indices(j.indices + (offset(j.indices_stride, to.image) + to.slice * v.indices_slice),
                      j.indices_stride[1], j.wide_indices, best.index);
}

template <class T, int W>
__global__ void __launch_bounds__(POOL_THREADS, POOL_MIN_BLOCKS) max_pool3d_backward_kernel(volume_job<T> v) {
    const pool_job<T> &j = v.images;
    const unsigned i     = blockIdx.x * POOL_THREADS + threadIdx.x;
    if (i >= j.threads.count) return;
    const volume_element to = volume_element_of<T, W>(v, i);
    const window_range zs   = windows_over(v.slices, to.slice);
    const window_range ps = windows_over(j.rows, to.image.a), qs = windows_over(j.columns, to.image.b);
    const T *dy        = j.in + offset(j.in_stride, {to.image.n, to.image.c, 0, 0});
    const int *indices = j.indices + offset(j.indices_stride, {to.image.n, to.image.c, 0, 0});
    const int own      = (to.slice * j.rows.in + to.image.a) * j.columns.in + to.image.b;
    compute<T> sum[W]  = {};
    for (int z = zs.first; z < zs.last; ++z)
        add_gradients<T, W>(j, dy + z * v.in_slice, indices + z * v.indices_slice, ps, qs, own, sum);
    store<T, W>(j.out + (offset(j.out_stride, to.image) + to.slice * v.out_slice), sum);
}

template <class T, int W>
cudaError_t launch(const gli_pool_geom &g, const gli_pool2d_arrays &a, bool backward, cudaStream_t stream) {
    const volume_job<T> j = volume_job_of<T>(g, a, backward, W);
    const int blocks      = blocks_of(j.images);
    if (backward) return GLI_LAUNCH((max_pool3d_backward_kernel<T, W>), blocks, POOL_THREADS, 0, stream, j);
    return GLI_LAUNCH((max_pool3d_kernel<T, W>), blocks, POOL_THREADS, 0, stream, j);
}

template <class T>
cudaError_t max_pool3d(const gli_pool_geom &g, const gli_pool2d_arrays &a, bool backward, cudaStream_t stream) {
    if (has_no_images(g)) return cudaSuccess;
    return volumes_in_packs<T>(g, a, backward) ? launch<T, vector<T>::width>(g, a, backward, stream)
                                               : launch<T, 1>(g, a, backward, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_max_pool3d(const gli_pool_geom *geom, const gli_pool2d_arrays *arrays, cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::max_pool3d<T>(*geom, *arrays, false, stream));
}

cudaError_t gli_kernel_max_pool3d_backward(const gli_pool_geom *geom, const gli_pool2d_arrays *arrays,
                                           cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::max_pool3d<T>(*geom, *arrays, true, stream));
}
