/* Products of matrices in plain arithmetic of their type, sums in float, those of f64 in double.
 *
 * Versions:
 * 1. Tiles of 32 x 32, 64 x 64 and 128 x 128 (gemm.cuh): each element that is read serves as many sums as the tile is
 *    wide; a thread forms 4 x 4 to 8 x 8 of them from registers.
 * 2. Tall sums cut into slices (split_k.cuh): a small y from a long k, as the gradient of weights, occupies the device.
 */
#include "kernels/gemm/matmul_batch.cuh"

size_t gli_kernel_matmul_workspace(const gli_product *call) {
    const glia::product_sizes sizes = glia::sizes_of(*call);
    return glia::partial_count(sizes, glia::slicing_of(sizes)) *
           (call->dtype == GLIA_F64 ? sizeof(double) : sizeof(float));
}

cudaError_t gli_kernel_matmul(const gli_product *call, gli_gpu gpu, void *workspace, cudaStream_t stream) {
    return GLI_FOR_FLOAT(
        call->dtype, T,
        glia::multiply<T>(glia::batch_of<T>(*call), glia::sizes_of(*call), gpu.multiprocessors, workspace, stream));
}
