/* The gradient of a convolution with respect to its filters, as an implicit GEMM (implicit_gemm.cuh): k, the pixels of
 * all images, is long and the result small, which is a case for split-k (split_k.cuh). The gradient of the bias is the
 * row sums of the tiles of dy, which are in shared memory anyway. Groups of few weights, depthwise ones above all, have
 * a kernel of their own (depthwise.cuh). */
#include "kernels/conv/convolve.cuh"

size_t gli_kernel_conv2d_filter_workspace(const gli_convolution *conv) { return glia::filter_workspace_of(*conv); }

cudaError_t gli_kernel_conv2d_filter(const gli_convolution *conv, const gli_gemm_run *run) {
    return GLI_FOR_FLOAT(conv->dtype, T, glia::filter_gradient<T>(glia::filter_batch_of<T>(*conv), *conv, *run));
}
