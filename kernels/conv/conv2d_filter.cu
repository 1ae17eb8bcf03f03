/* The gradient of a convolution by its filters, as an implicit GEMM (implicit_gemm.cuh): the sum over the pixels of all
 * images is long and its result small, so it is cut into slices (split_k.cuh). The gradient of the bias comes from the
 * tiles of y that are in shared memory anyway. A few filters of a few taps in each group go over lanes (depthwise.cuh).
 */
#include "kernels/conv/conv2d_plan.cuh"
#include "kernels/conv/depthwise.cuh"

namespace glia {
namespace {

enum { FEW_WEIGHTS = 32 };

bool is_narrow(const product_sizes &s) { return int64_t(s.m) * s.n <= FEW_WEIGHTS; }

template <class T>
cudaError_t gradient(const gli_convolution &v, gli_gpu gpu, void *workspace, cudaStream_t stream) {
    const product_sizes sizes          = filter_sizes_of(v);
    const conv2d_filter_batch<T> batch = filter_batch_of<T>(v);
    if (is_narrow(sizes)) return sum_over_lanes<T>(batch, sizes, v.y.c == 1, workspace, stream);
    return multiply<T>(batch, sizes, gpu.multiprocessors, workspace, stream);
}

}  // namespace
}  // namespace glia

size_t gli_kernel_conv2d_filter_workspace(const gli_convolution *conv) {
    const glia::product_sizes s = glia::filter_sizes_of(*conv);
    const glia::slicing near = glia::lanes_slicing(s, true), far = glia::lanes_slicing(s, false);
    const glia::slicing cut = !glia::is_narrow(s) ? glia::slicing_of(s) : near.slices > far.slices ? near : far;
    return glia::partial_count(s, cut) * (conv->dtype == GLIA_F64 ? sizeof(double) : sizeof(float));
}

cudaError_t gli_kernel_conv2d_filter(const gli_convolution *conv, gli_gpu gpu, void *workspace, cudaStream_t stream) {
    return GLI_FOR_FLOAT(conv->dtype, T, glia::gradient<T>(*conv, gpu, workspace, stream));
}
