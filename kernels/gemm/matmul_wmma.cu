/* Matrix products on tensor cores; see wmma_gemm.cuh. */
#include "kernels/gemm/matmul_batch.cuh"
#include "kernels/gemm/wmma_gemm.cuh"

cudaError_t gli_kernel_matmul_wmma(const gli_gemm *gemm, const gli_gemm_run *run) {
    return GLI_FOR_TENSOR(
        gemm->dtype, run->math, T, S,
        glia::wmma_gemm<T, S>(glia::batch_of<T>(*gemm), glia::size_of(*gemm), run->workspace, run->stream));
}
