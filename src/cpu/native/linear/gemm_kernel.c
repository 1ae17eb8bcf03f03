#include "cpu/native/linear/gemm_kernel.h"

#include "cpu/native/isa.h"
#include "cpu/native/vectorize.h"

#define KERNELS "cpu/native/linear/gemm_kernel.inc"
#include "cpu/native/isa_kernels.inc"

static const gli_gemm_kernel *const kernels[] = ISA_TABLE(gemm_kernel);

const gli_gemm_kernel *gli_gemm_kernel_here(void) { return kernels[gli_isa_here()]; }
