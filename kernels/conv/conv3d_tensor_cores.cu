/* conv2d_tensor_cores.cu for volumes. */
#include "kernels/conv/conv2d_plan.cuh"
#include "kernels/gemm/tensor_gemm.cuh"

namespace glia {
namespace {

template <class T, class S>
cudaError_t convolve(const gli_convolution &v, const gli_gemm_run &run) {
    return each_launch<T, volume_phases>(
        v, run,
        [&](const conv3d_batch<T> &batch, const gemm_size &size, const volume_phases &, const gli_gemm_run &rest) {
            return tensor_gemm<T, S>(batch, size, rest);
        });
}

template <class T, class S>
cudaError_t gradient(const gli_convolution &v, const gli_gemm_run &run) {
    return tensor_gemm<T, S>(volume_filter_batch_of<T>(v), filter_size_of(v), run);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_conv3d_tensor_cores(const gli_convolution *conv, const gli_gemm_run *run) {
    return GLI_FOR_TENSOR(conv->dtype, run->math, T, S, glia::convolve<T, S>(*conv, *run));
}

cudaError_t gli_kernel_conv3d_filter_tensor_cores(const gli_convolution *conv, const gli_gemm_run *run) {
    return GLI_FOR_TENSOR(conv->dtype, run->math, T, S, glia::gradient<T, S>(*conv, *run));
}
