/* conv2d_filter.cu for volumes. */
#include "kernels/conv/convolve.cuh"

size_t gli_kernel_conv3d_filter_workspace(const gli_convolution *conv) { return glia::filter_workspace_of(*conv); }

cudaError_t gli_kernel_conv3d_filter(const gli_convolution *conv, const gli_gemm_run *run) {
    return GLI_FOR_FLOAT(conv->dtype, T, glia::filter_gradient<T>(glia::volume_filter_batch_of<T>(*conv), *conv, *run));
}
