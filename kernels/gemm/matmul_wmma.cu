/* Products of matrices on tensor cores; see wmma_gemm.cuh. */
#include "kernels/gemm/matmul_batch.cuh"
#include "kernels/gemm/wmma_gemm.cuh"

cudaError_t gli_kernel_matmul_wmma(const gli_product *call, glia_math math, void *workspace, cudaStream_t stream) {
    return GLI_FOR_TENSOR(
        call->dtype, math, T, S,
        glia::multiply_on_tensor_cores<T, S>(glia::batch_of<T>(*call), glia::sizes_of(*call), workspace, stream));
}
