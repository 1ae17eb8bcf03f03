/* What every launcher of a GEMM or of a convolution takes besides its problem. */
#ifndef GLI_KERNELS_GEMM_GEMM_RUN_H
#define GLI_KERNELS_GEMM_GEMM_RUN_H

#include <cuda_runtime_api.h>

#include "glia/context.h"
#include "kernels/device/gpu_info.h"

enum { GLI_GEMM_ARRIVALS = 256 };

typedef struct gli_gemm_run {
    gli_gpu gpu;
    glia_math math; /* what f32 may be rounded to on tensor cores */
    void *workspace;
    unsigned *arrivals; /* GLI_GEMM_ARRIVALS counters in device memory, zero before and after each kernel of a stream */
    cudaStream_t stream;
} gli_gemm_run;

#endif
