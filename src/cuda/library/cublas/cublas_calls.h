/* The inside of cublas.h, for the two files that know cuBLASLt's API: cublas.c opens it, cublas_gemm.c plans and
 * launches products. */
#ifndef GLI_CUDA_LIBRARY_CUBLAS_CUBLAS_CALLS_H
#define GLI_CUDA_LIBRARY_CUBLAS_CUBLAS_CALLS_H

#include <cublasLt.h>

#include "cuda/library/cublas/cublas.h"

#define GLI_CUBLAS_FUNCTIONS(X)         \
    X(cublasLtCreate)                   \
    X(cublasLtDestroy)                  \
    X(cublasLtGetVersion)               \
    X(cublasLtGetStatusString)          \
    X(cublasLtMatmul)                   \
    X(cublasLtMatmulAlgoGetHeuristic)   \
    X(cublasLtMatmulDescCreate)         \
    X(cublasLtMatmulDescDestroy)        \
    X(cublasLtMatmulDescSetAttribute)   \
    X(cublasLtMatrixLayoutCreate)       \
    X(cublasLtMatrixLayoutDestroy)      \
    X(cublasLtMatrixLayoutSetAttribute) \
    X(cublasLtMatmulPreferenceCreate)   \
    X(cublasLtMatmulPreferenceDestroy)  \
    X(cublasLtMatmulPreferenceSetAttribute)

typedef struct gli_cublas_functions {
#define X(name) __typeof__(name) *name;
    GLI_CUBLAS_FUNCTIONS(X)
#undef X
} gli_cublas_functions;

/* All that a call of the library needs. */
typedef struct gli_cublas {
    glia_context *ctx;
    const gli_cublas_functions *f;
    cublasLtHandle_t handle;
} gli_cublas;

int gli_cublas_injected(int error); /* what cuBLASLt says where a test makes the runtime say this */
glia_status gli_cublas_status(const gli_cublas *lt, const char *call, int status);

/* Every call of the library goes through this. */
#define GLI_CUBLAS_TRY(lt, function, ...)                                                               \
    do {                                                                                                \
        int try_status;                                                                                 \
        if (gli_cuda_fails(gli_cuda_of((lt)->ctx), &try_status))                                        \
            try_status = gli_cublas_injected(try_status);                                               \
        else                                                                                            \
            try_status = (int)(lt)->f->function(__VA_ARGS__);                                           \
        if (try_status != CUBLAS_STATUS_SUCCESS) return gli_cublas_status((lt), #function, try_status); \
    } while (0)

/* cuBLASLt's functions and handle for this context. */
glia_status gli_cublas_use(glia_context *ctx, gli_cublas *out);

#endif
