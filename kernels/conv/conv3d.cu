/* conv2d.cu for volumes: the implicit GEMM with one more coordinate, the slice, in its rows and in its columns. */
#include "kernels/conv/convolve.cuh"

size_t gli_kernel_conv3d_workspace(const gli_convolution *conv) {
    return glia::workspace_of<glia::volume_phases>(*conv);
}

cudaError_t gli_kernel_conv3d(const gli_convolution *conv, const gli_gemm_run *run) {
    return GLI_FOR_FLOAT(conv->dtype, T, (glia::convolve<T, glia::volume_phases>(*conv, *run)));
}
