/* Products on tensor cores whose result is dropped; see tensor_gemm.cuh and dropped_epilogue.cuh. */
#include "kernels/gemm/dropped_epilogue.cuh"
#include "kernels/gemm/tensor_gemm.cuh"

cudaError_t gli_kernel_matmul_dropout_tensor_cores(const gli_gemm *gemm, const gli_gemm_dropout *dropout,
                                                   const gli_gemm_run *run) {
    return GLI_FOR_TENSOR(gemm->dtype, run->math, T, S,
                          (glia::tensor_gemm<T, S>(glia::dropped_of<T>(*gemm, *dropout), glia::size_of(*gemm), *run)));
}
