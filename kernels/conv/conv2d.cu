/* Convolution, its gradient with respect to the input, and the transposed convolution, all as implicit GEMMs
 * (implicit_gemm.cuh).
 *
 * Versions:
 * 1. Tiles of the im2col matrix and of the filters in shared memory (gemm.cuh); images of any strides without copies.
 * 2. The gradient with respect to the input split into phases: strided convolutions multiply no zeros between the
 *    strides.
 * 3. Filters packed with channels innermost, the memory format of the images, where many blocks read them.
 * 4. Groups of a few filters, depthwise ones above all: a thread for each element (depthwise.cuh). */
#include "kernels/conv/conv2d_plan.cuh"
#include "kernels/conv/depthwise.cuh"

namespace glia {
namespace {

template <class T>
cudaError_t convolve(const gli_convolution &v, const gli_gemm_run &run) {
    return each_launch<T>(
        v, run,
        [&](const conv2d_batch<T> &batch, const gemm_size &size, const phase_chunk &c, const gli_gemm_run &rest) {
            if (too_narrow_for_tiles(size))
                return depthwise<T>(batch, size, c.rows.count * c.columns.count, v.y.c == 1, run.stream);
            return gemm<T>(batch, size, rest);
        });
}

}  // namespace
}  // namespace glia

size_t gli_kernel_conv2d_workspace(const gli_convolution *conv) {
    const size_t element = conv->dtype == GLIA_F64 ? sizeof(double) : sizeof(float);
    size_t max           = 0;
    glia::each_chunk(*conv, [&](const glia::phase_chunk &c) {
        const glia::gemm_size size = glia::size_of(*conv, c);
        const size_t bytes         = glia::partial_count(size, glia::split_k_for(size)) * element;
        max                        = bytes > max ? bytes : max;
        return cudaSuccess;
    });
    return glia::packed_bytes(*conv) + max;
}

cudaError_t gli_kernel_conv2d(const gli_convolution *conv, const gli_gemm_run *run) {
    return GLI_FOR_FLOAT(conv->dtype, T, glia::convolve<T>(*conv, *run));
}
