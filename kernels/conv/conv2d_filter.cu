/* The gradient of a convolution with respect to its filters, as an implicit GEMM (implicit_gemm.cuh): k, the pixels of
 * all images, is long and the result small, which is a case for split-k (split_k.cuh). The gradient of the bias is the
 * row sums of the tiles of dy, which are in shared memory anyway. Groups of few weights, depthwise ones above all, have
 * a kernel of their own (depthwise.cuh). */
#include "kernels/conv/conv2d_plan.cuh"
#include "kernels/conv/depthwise.cuh"

namespace glia {
namespace {

template <class T>
cudaError_t gradient(const gli_convolution &v, const gli_gemm_run &run) {
    const gemm_size size               = filter_size_of(v);
    const conv2d_filter_batch<T> batch = filter_batch_of<T>(v);
    if (filters_too_narrow_for_tiles(size))
        return depthwise_filter<T>(batch, size, v.y.c == 1, run.workspace, run.stream);
    return gemm<T>(batch, size, run);
}

}  // namespace
}  // namespace glia

size_t gli_kernel_conv2d_filter_workspace(const gli_convolution *conv) {
    const glia::gemm_size s     = glia::filter_size_of(*conv);
    const glia::split_k strided = glia::depthwise_split(s, false), contiguous = glia::depthwise_split(s, true);
    const glia::split_k split = !glia::filters_too_narrow_for_tiles(s) ? glia::split_k_for(s)
                                : contiguous.splits > strided.splits   ? contiguous
                                                                       : strided;
    return glia::partial_count(s, split) * (conv->dtype == GLIA_F64 ? sizeof(double) : sizeof(float));
}

cudaError_t gli_kernel_conv2d_filter(const gli_convolution *conv, const gli_gemm_run *run) {
    return GLI_FOR_FLOAT(conv->dtype, T, glia::gradient<T>(*conv, *run));
}
