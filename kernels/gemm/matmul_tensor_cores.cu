/* Matrix products on tensor cores; see tensor_gemm.cuh. */
#include "kernels/gemm/matmul_batch.cuh"
#include "kernels/gemm/tensor_gemm.cuh"

cudaError_t gli_kernel_matmul_tensor_cores(const gli_gemm *gemm, const gli_gemm_run *run) {
    return GLI_FOR_TENSOR(gemm->dtype, run->math, T, S, glia::with_batch<T>(*gemm, [&](const auto &batch) {
                              return glia::tensor_gemm<T, S>(batch, glia::size_of(*gemm), *run);
                          }));
}
