/* Products in plain arithmetic whose result is dropped; see matmul.cu and dropped_epilogue.cuh. */
#include "kernels/gemm/dropped_epilogue.cuh"

cudaError_t gli_kernel_matmul_dropout(const gli_gemm *gemm, const gli_gemm_dropout *dropout, const gli_gemm_run *run) {
    return GLI_FOR_FLOAT(gemm->dtype, T,
                         glia::gemm<T>(glia::dropped_of<T>(*gemm, *dropout), glia::size_of(*gemm), *run));
}
