/* Convolutions and their gradients on tensor cores: the implicit GEMMs of conv2d.cu and conv2d_filter.cu through
 * wmma_gemm.cuh. */
#include "kernels/conv/conv2d_plan.cuh"
#include "kernels/gemm/wmma_gemm.cuh"

namespace glia {
namespace {

template <class T, class S>
cudaError_t convolve(const gli_convolution &v, const gli_gemm_run &run) {
    return each_launch<T>(
        v, run, [&](const conv2d_batch<T> &batch, const gemm_size &size, const phase_chunk &, void *workspace) {
            return wmma_gemm<T, S>(batch, size, workspace, run.stream);
        });
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_conv2d_wmma(const gli_convolution *conv, const gli_gemm_run *run) {
    return GLI_FOR_TENSOR(conv->dtype, run->math, T, S, glia::convolve<T, S>(*conv, *run));
}

cudaError_t gli_kernel_conv2d_filter_wmma(const gli_convolution *conv, const gli_gemm_run *run) {
    return GLI_FOR_TENSOR(conv->dtype, run->math, T, S,
                          glia::wmma_gemm<T, S>(glia::filter_batch_of<T>(*conv), glia::filter_size_of(*conv),
                                                run->workspace, run->stream));
}
