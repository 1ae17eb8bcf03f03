/* Convolution, its gradient with respect to the input, and the transposed convolution, all as implicit GEMMs
 * (implicit_gemm.cuh).
 *
 * Versions:
 * 1. Tiles of the im2col matrix and of the filters in shared memory (gemm.cuh); images of any strides without copies.
 * 2. The gradient with respect to the input split into phases: strided convolutions multiply no zeros between the
 *    strides.
 * 3. Filters packed with channels innermost, the memory format of the images, where many blocks read them.
 * 4. Groups of a few filters, depthwise ones above all: a thread for each element (depthwise.cuh). */
#include "kernels/conv/convolve.cuh"

size_t gli_kernel_conv2d_workspace(const gli_convolution *conv) {
    return glia::workspace_of<glia::image_phases>(*conv);
}

cudaError_t gli_kernel_conv2d(const gli_convolution *conv, const gli_gemm_run *run) {
    return GLI_FOR_FLOAT(conv->dtype, T, (glia::convolve<T, glia::image_phases>(*conv, *run)));
}
