/* Convolution, its gradient by the input and the transposed convolution, all as implicit GEMMs (implicit_gemm.cuh).
 *
 * Versions:
 * 1. Tiles of patches and filters through shared memory (gemm.cuh); any strides of the images without copies.
 * 2. The gradient by the input split into phases: strided convolutions meet no zeros between the strides.
 * 3. Filters packed with channels innermost, as the images lie, where many blocks read them.
 * 4. Groups of a few filters, depthwise ones above all, a thread for each element (depthwise.cuh). */
#include "kernels/conv/conv2d_plan.cuh"
#include "kernels/conv/depthwise.cuh"

namespace glia {
namespace {

enum { FEW_FILTERS = 4 };

bool is_narrow(const product_sizes &s) { return s.n <= FEW_FILTERS && slicing_of(s).slices == 1; }

template <class T>
cudaError_t convolve(const gli_convolution &v, gli_gpu gpu, void *workspace, cudaStream_t stream) {
    return each_launch<T>(v, workspace, stream,
                          [&](const conv2d_batch<T> &batch, const product_sizes &sizes, const chunk &c, void *rest) {
                              if (is_narrow(sizes))
                                  return multiply_elements<T>(batch, sizes, c.rows.count * c.columns.count, v.y.c == 1,
                                                              stream);
                              return multiply<T>(batch, sizes, gpu.multiprocessors, rest, stream);
                          });
}

}  // namespace
}  // namespace glia

size_t gli_kernel_conv2d_workspace(const gli_convolution *conv) {
    const size_t sum = conv->dtype == GLIA_F64 ? sizeof(double) : sizeof(float);
    size_t most      = 0;
    glia::each_chunk(*conv, [&](const glia::chunk &c) {
        const glia::product_sizes sizes = glia::sizes_of(*conv, c);
        const size_t bytes              = glia::partial_count(sizes, glia::slicing_of(sizes)) * sum;
        most                            = bytes > most ? bytes : most;
        return cudaSuccess;
    });
    return glia::packed_bytes(*conv) + most;
}

cudaError_t gli_kernel_conv2d(const gli_convolution *conv, gli_gpu gpu, void *workspace, cudaStream_t stream) {
    return GLI_FOR_FLOAT(conv->dtype, T, glia::convolve<T>(*conv, gpu, workspace, stream));
}
