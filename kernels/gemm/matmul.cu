/* Matrix products in plain arithmetic of their type, accumulated in float, those of f64 in double.
 *
 * Versions:
 * 1. Tiles of 32 x 32, 64 x 64 and 128 x 128 in shared memory (gemm.cuh): each element that is read serves as many sums
 *    as the tile is wide; a thread accumulates 4 x 4 to 8 x 8 of them in registers.
 * 2. Split-k (split_k.cuh): a small y from a long k, as the gradient of weights, occupies the whole GPU. */
#include "kernels/gemm/matmul_batch.cuh"

size_t gli_kernel_matmul_workspace(const gli_gemm *gemm) {
    const glia::gemm_size size = glia::size_of(*gemm);
    return glia::partial_count(size, glia::split_k_for(size)) *
           (gemm->dtype == GLIA_F64 ? sizeof(double) : sizeof(float));
}

cudaError_t gli_kernel_matmul(const gli_gemm *gemm, const gli_gemm_run *run) {
    return GLI_FOR_FLOAT(gemm->dtype, T, glia::with_batch<T>(*gemm, [&](const auto &batch) {
                             return glia::gemm<T>(batch, glia::size_of(*gemm), *run);
                         }));
}
