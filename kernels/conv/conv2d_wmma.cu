/* Convolutions and their gradients on tensor cores: the implicit GEMMs of conv2d.cu and conv2d_filter.cu, multiplied as
 * in wmma_gemm.cuh. */
#include "kernels/conv/conv2d_plan.cuh"
#include "kernels/gemm/wmma_gemm.cuh"

namespace glia {
namespace {

template <class T, class S>
cudaError_t convolve(const gli_convolution &v, void *workspace, cudaStream_t stream) {
    return each_launch<T>(v, workspace, stream,
                          [&](const conv2d_batch<T> &batch, const product_sizes &sizes, const chunk &, void *rest) {
                              return multiply_on_tensor_cores<T, S>(batch, sizes, rest, stream);
                          });
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_conv2d_wmma(const gli_convolution *conv, glia_math math, void *workspace, cudaStream_t stream) {
    return GLI_FOR_TENSOR(conv->dtype, math, T, S, glia::convolve<T, S>(*conv, workspace, stream));
}

cudaError_t gli_kernel_conv2d_filter_wmma(const gli_convolution *conv, glia_math math, void *workspace,
                                          cudaStream_t stream) {
    return GLI_FOR_TENSOR(conv->dtype, math, T, S,
                          glia::multiply_on_tensor_cores<T, S>(glia::filter_batch_of<T>(*conv),
                                                               glia::filter_sizes_of(*conv), workspace, stream));
}
