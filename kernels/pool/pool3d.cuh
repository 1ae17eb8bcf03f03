/* Pooling of volumes: that of images (pool2d.cuh), over the slices of a window one after the other. */
#ifndef GLI_KERNELS_POOL_POOL3D_CUH
#define GLI_KERNELS_POOL_POOL3D_CUH

#include "kernels/pool/pool2d.cuh"

namespace glia {

/* A slice of the output is an image to the threads: element_of gives n = sample * slices + slice. */
template <class T>
struct volume_job {
    pool_job<T> images;
    pool_axis slices;
    divisor by_slices;                          /* of the output */
    int64_t in_slice, out_slice, indices_slice; /* strides */
};

struct volume_element {
    pool_element image; /* n: the sample */
    int slice;
};

template <class T, int W>
__device__ inline volume_element volume_element_of(const volume_job<T> &j, unsigned i) {
    volume_element e = {element_of<W>(j.images.threads, i), 0};
    const int sample = int(j.by_slices.quotient(unsigned(e.image.n)));
    e.slice          = e.image.n - sample * int(j.by_slices.value);
    e.image.n        = sample;
    return e;
}

/* The strides of [N,C,H,W] among those of [N,C,D,H,W], of which the slices' is taken out. */
inline int64_t take_slice_stride(int64_t *stride) {
    const int64_t slice = stride[2];
    stride[2] = stride[3], stride[3] = stride[4];
    return slice;
}

template <class T>
volume_job<T> volume_job_of(const gli_pool_geom &volumes, const gli_pool2d_arrays &arrays, bool backward, int width) {
    volume_job<T> j     = {};
    gli_pool2d_arrays a = arrays;
    gli_pool_geom g     = volumes;
    const int64_t x = take_slice_stride(a.x_stride), y = take_slice_stride(a.y_stride);
    j.indices_slice = take_slice_stride(a.indices_stride);
    j.in_slice = backward ? y : x, j.out_slice = backward ? x : y;
    j.by_slices = divide_by(unsigned(backward ? g.d : g.z));
    j.slices = axis_of(g.d, g.z, g.t, g.stride_d, g.pad_d, g.pad_d_end, g.dilation_d, false, g.count_include_pad != 0);
    g.n *= backward ? g.d : g.z;
    j.images              = job_of<T>(g, a, backward, width);
    j.images.wide_indices = j.images.wide_indices && j.indices_slice % 4 == 0;
    return j;
}

template <class T>
bool volumes_in_packs(const gli_pool_geom &g, const gli_pool2d_arrays &arrays, bool backward) {
    gli_pool2d_arrays a = arrays;
    const int64_t x = take_slice_stride(a.x_stride), y = take_slice_stride(a.y_stride);
    return in_packs<T>(g, a, backward) && x % vector<T>::width == 0 && y % vector<T>::width == 0;
}

}  // namespace glia

#endif
