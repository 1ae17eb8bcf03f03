/* Convolutions and their gradients on tensor cores: the implicit GEMMs of conv2d.cu and conv2d_filter.cu through
 * tensor_gemm.cuh. */
#include "kernels/conv/conv2d_plan.cuh"
#include "kernels/gemm/tensor_gemm.cuh"

namespace glia {
namespace {

template <class T, class S>
cudaError_t convolve(const gli_convolution &v, const gli_gemm_run &run) {
    return each_launch<T, image_phases>(v, run,
                                        [&](const conv2d_batch<T> &batch, const gemm_size &size, const image_phases &,
                                            const gli_gemm_run &rest) { return tensor_gemm<T, S>(batch, size, rest); });
}

template <class T, class S>
cudaError_t gradient(const gli_convolution &v, const gli_gemm_run &run) {
    return tensor_gemm<T, S>(filter_batch_of<T>(v), filter_size_of(v), run);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_conv2d_tensor_cores(const gli_convolution *conv, const gli_gemm_run *run) {
    return GLI_FOR_TENSOR(conv->dtype, run->math, T, S, glia::convolve<T, S>(*conv, *run));
}

cudaError_t gli_kernel_conv2d_filter_tensor_cores(const gli_convolution *conv, const gli_gemm_run *run) {
    return GLI_FOR_TENSOR(conv->dtype, run->math, T, S, glia::gradient<T, S>(*conv, *run));
}
