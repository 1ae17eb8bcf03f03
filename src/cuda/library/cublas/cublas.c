#include <stdio.h>

#include "cuda/library/cublas/cublas_calls.h"
#include "cuda/library/library.h"

static const gli_library_function listed[] = {
#define X(name) {#name, offsetof(gli_cublas_functions, name)},
    GLI_CUBLAS_FUNCTIONS(X)
#undef X
        {NULL, 0}};

int gli_cublas_injected(int error) {
    switch (error) {
        case cudaErrorMemoryAllocation: return CUBLAS_STATUS_ALLOC_FAILED;
        case cudaErrorInvalidValue: return CUBLAS_STATUS_INVALID_VALUE;
        case cudaErrorNotSupported: return CUBLAS_STATUS_NOT_SUPPORTED;
        case cudaErrorIllegalAddress: return CUBLAS_STATUS_EXECUTION_FAILED;
        default: return CUBLAS_STATUS_INTERNAL_ERROR;
    }
}

/* The one translator. Of a failure inside the library the device may know more: whether it is lost. */
glia_status gli_cublas_status(const gli_cublas *lt, const char *call, int status) {
    const bool inside = status == CUBLAS_STATUS_EXECUTION_FAILED || status == CUBLAS_STATUS_INTERNAL_ERROR;
    if (inside) GLI_TRY(gli_cuda_ask(lt->ctx, call));
    const glia_status result = status == CUBLAS_STATUS_ALLOC_FAILED    ? GLIA_OUT_OF_MEMORY
                               : status == CUBLAS_STATUS_NOT_SUPPORTED ? GLIA_UNSUPPORTED
                               : status == CUBLAS_STATUS_ARCH_MISMATCH ? GLIA_UNSUPPORTED
                                                                       : GLIA_DEVICE_ERROR;
    return gli_fail(lt->ctx, result, "%s: %s: %s (%d)", lt->ctx->device_name, call,
                    lt->f->cublasLtGetStatusString((cublasStatus_t)status), status);
}

static bool check(const void *table, char *version, size_t size) {
    const gli_cublas_functions *f = table;
    const size_t v                = f->cublasLtGetVersion();
    const int major               = (int)(v / 10000);
    if (major != CUBLAS_VER_MAJOR) {
        snprintf(version, size, "it is cuBLAS %d, and this build needs %d", major, CUBLAS_VER_MAJOR);
        return false;
    }
    snprintf(version, size, "%d.%d.%d", major, (int)(v / 100 % 100), (int)(v % 100));
    return true;
}

static glia_status create(glia_context *ctx, const void *table, void **handle) {
    const gli_cublas lt = {.ctx = ctx, .f = table};
    cublasLtHandle_t made;
    GLI_CUBLAS_TRY(&lt, cublasLtCreate, &made);
    *handle = made;
    return GLIA_OK;
}

static void destroy(glia_context *ctx, const void *table, void *handle) {
    (void)ctx;
    ((const gli_cublas_functions *)table)->cublasLtDestroy(handle);
}

#define TEXT(x) #x
#define FILE_OF_MAJOR(major) "libcublasLt.so." TEXT(major)
static const char *const files[] = {FILE_OF_MAJOR(CUBLAS_VER_MAJOR), NULL};

extern const gli_cuda_library gli_cublas_library;
const gli_cuda_library gli_cublas_library = {
    .kind     = {.name        = "cuBLAS",
                 .files       = files,
                 .package     = "cublas",
                 .functions   = listed,
                 .table_bytes = sizeof(gli_cublas_functions),
                 .check       = check},
    .provider = "cuda.cublas",
    .without  = "matmul and dense run on Glia's own kernels",
    .create   = create,
    .destroy  = destroy,
};

const char *gli_cublas_decline(const gli_call *call) {
    return gli_cuda_library_missing(call->ctx, &gli_cublas_library);
}

glia_status gli_cublas_use(glia_context *ctx, gli_cublas *out) {
    const void *table;
    void *handle;
    GLI_TRY(gli_cuda_library_use(ctx, &gli_cublas_library, &table, &handle));
    *out = (gli_cublas){ctx, table, handle};
    return GLIA_OK;
}
