/* The gradient of a convolution by its filters, as an implicit GEMM (conv2d_batch.h): the sum over the pixels of all
 * images is long and its result small, so it is cut into slices (slices.h). The gradient of the bias comes from the
 * tiles of y that are in shared memory anyway. A few filters of a few taps in each group go over lanes (narrow.h). */
#include "kernels/conv2d.h"

#include "kernels/conv2d_batch.h"
#include "kernels/narrow.h"

namespace glia {
namespace {

enum { FEW_WEIGHTS = 32 };

product_sizes sizes_of(const glia_convolution &v) {
    return {v.groups, v.out, v.in * v.r * v.s, v.n * v.y.height * v.y.width, v.has_bias};
}

template <class T>
conv2d_filter_batch<T> batch_of(const glia_convolution &v) {
    conv2d_filter_batch<T> b = {};
    b.rows                   = forward_phase({v.y.height, v.r, v.stride_h, v.pad_h, v.dilation_h});
    b.columns                = forward_phase({v.y.width, v.s, v.stride_w, v.pad_w, v.dilation_w});
    b.n = v.n, b.in = v.in, b.out = v.out;
    b.by_in = divide_by(v.in > 1 ? unsigned(v.in) : 1);
    b.x = steps_of(v.x), b.y = steps_of(v.y);
    b.height = v.x.height, b.width = v.x.width;
    b.taps_in_channels = channels_last(v.x, v.in);
    b.y_along_pixels   = !channels_last(v.y, v.out);
    b.w_group = unsigned(v.w_group), b.w_in = unsigned(v.w_in), b.w_r = unsigned(v.w_r), b.w_s = unsigned(v.w_s);
    b.x_data = static_cast<const T *>(v.x.data), b.y_data = static_cast<const T *>(v.y.data);
    b.x_wide           = b.taps_in_channels && channels_in_fours<T>(v.x, v.in);
    b.y_wide           = !b.y_along_pixels && channels_in_fours<T>(v.y, v.out);
    b.to.data          = static_cast<T *>(v.w);
    b.to.rows.step     = unsigned(v.w_out);
    b.to.alpha         = 1;
    b.to.row_sums      = static_cast<T *>(v.has_bias ? v.bias : nullptr);
    b.to.row_sums_step = unsigned(v.bias_step);
    return b;
}

bool is_narrow(const product_sizes &s) { return int64_t(s.m) * s.n <= FEW_WEIGHTS; }

template <class T>
cudaError_t gradient(const glia_convolution &v, glia_gpu gpu, void *workspace, cudaStream_t stream) {
    const product_sizes sizes          = sizes_of(v);
    const conv2d_filter_batch<T> batch = batch_of<T>(v);
    if (is_narrow(sizes)) return sum_over_lanes<T>(batch, sizes, v.y.c == 1, workspace, stream);
    return multiply<T>(batch, sizes, gpu.multiprocessors, workspace, stream);
}

}  // namespace
}  // namespace glia

size_t glia_kernel_conv2d_filter_workspace(const glia_convolution *conv) {
    const glia::product_sizes s = glia::sizes_of(*conv);
    const glia::slicing near = glia::lanes_slicing(s, true), far = glia::lanes_slicing(s, false);
    const glia::slicing cut = !glia::is_narrow(s) ? glia::slicing_of(s) : near.slices > far.slices ? near : far;
    return glia::partial_count(s, cut) * (conv->dtype == GLIA_F64 ? sizeof(double) : sizeof(float));
}

cudaError_t glia_kernel_conv2d_filter(const glia_convolution *conv, glia_gpu gpu, void *workspace,
                                      cudaStream_t stream) {
    return GLIA_FOR_FLOAT(conv->dtype, T, glia::gradient<T>(*conv, gpu, workspace, stream));
}
