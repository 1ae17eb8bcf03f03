/* A library that stands in for cuBLASLt where there is no GPU: the same functions, in plain loops over host memory, and
 * strict about what the real one requires. cuda_cublas_test opens it, and the emulated device that CMakeLists.txt
 * builds with cuBLASLt. */
#define _POSIX_C_SOURCE 199309L /* nanosleep */
#include <cublasLt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/dtype.h"

#define EXPORT __attribute__((visibility("default")))

static int milliseconds; /* that a product takes at least */

/* For tests. */
EXPORT int fake_cublas_take_time(int least);
EXPORT int fake_cublas_take_time(int least) { return milliseconds = least; }

struct cublasLtContext {
    int used;
};

static int live; /* handles and descriptors */

/* For tests: how many have not been given back. */
EXPORT int fake_cublas_live(void);
EXPORT int fake_cublas_live(void) { return live; }

static void *make(size_t bytes) {
    ++live;
    return calloc(1, bytes);
}

#define DESTROYER(name, type)                \
    EXPORT cublasStatus_t name(type thing) { \
        --live;                              \
        free(thing);                         \
        return CUBLAS_STATUS_SUCCESS;        \
    }

typedef struct layout {
    glia_dtype dtype;
    int64_t rows, columns, leading, batch_stride;
    int32_t batch;
} layout;

typedef struct product {
    cublasComputeType_t compute;
    cudaDataType_t scale;
    cublasOperation_t a, b;
    cublasLtEpilogue_t epilogue;
    void *vector;
} product;

typedef struct preference {
    uint64_t workspace;
    uint32_t schemes, alignment[4];
    int limited; /* the schemes were set */
} preference;

EXPORT size_t cublasLtGetVersion(void) { return CUBLAS_VERSION; }

EXPORT const char *cublasLtGetStatusString(cublasStatus_t status) {
    return status == CUBLAS_STATUS_INVALID_VALUE ? "an invalid value" : "another error";
}

EXPORT cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle) {
    *handle = make(sizeof **handle);
    return CUBLAS_STATUS_SUCCESS;
}

DESTROYER(cublasLtDestroy, cublasLtHandle_t)
DESTROYER(cublasLtMatmulDescDestroy, cublasLtMatmulDesc_t)
DESTROYER(cublasLtMatrixLayoutDestroy, cublasLtMatrixLayout_t)
DESTROYER(cublasLtMatmulPreferenceDestroy, cublasLtMatmulPreference_t)

EXPORT cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *desc, cublasComputeType_t compute,
                                               cudaDataType_t scale) {
    product *p = make(sizeof *p);
    *p         = (product){.compute = compute, .scale = scale, .epilogue = CUBLASLT_EPILOGUE_DEFAULT};
    *desc      = (cublasLtMatmulDesc_t)(void *)p;
    return CUBLAS_STATUS_SUCCESS;
}

EXPORT cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t desc,
                                                     cublasLtMatmulDescAttributes_t attribute, const void *value,
                                                     size_t bytes) {
    product *p        = (product *)(void *)desc;
    void *to          = attribute == CUBLASLT_MATMUL_DESC_TRANSA         ? (void *)&p->a
                        : attribute == CUBLASLT_MATMUL_DESC_TRANSB       ? (void *)&p->b
                        : attribute == CUBLASLT_MATMUL_DESC_EPILOGUE     ? (void *)&p->epilogue
                        : attribute == CUBLASLT_MATMUL_DESC_BIAS_POINTER ? (void *)&p->vector
                                                                         : NULL;
    const size_t size = attribute == CUBLASLT_MATMUL_DESC_BIAS_POINTER ? sizeof(void *) : sizeof(int32_t);
    if (!to || bytes != size) return CUBLAS_STATUS_INVALID_VALUE;
    memcpy(to, value, bytes);
    return CUBLAS_STATUS_SUCCESS;
}

EXPORT cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *out, cudaDataType type, uint64_t rows,
                                                 uint64_t columns, int64_t leading) {
    if (rows == 0 || columns == 0 || leading < (int64_t)rows) return CUBLAS_STATUS_INVALID_VALUE;
    layout *l = make(sizeof *l);
    *l        = (layout){.rows = (int64_t)rows, .columns = (int64_t)columns, .leading = leading, .batch = 1};
    l->dtype  = type == CUDA_R_64F    ? GLIA_F64
                : type == CUDA_R_16BF ? GLIA_BF16
                : type == CUDA_R_16F  ? GLIA_F16
                                      : GLIA_F32;
    *out      = (cublasLtMatrixLayout_t)(void *)l;
    return CUBLAS_STATUS_SUCCESS;
}

EXPORT cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t matrix,
                                                       cublasLtMatrixLayoutAttribute_t attribute, const void *value,
                                                       size_t bytes) {
    layout *l = (layout *)(void *)matrix;
    if (attribute == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT && bytes == sizeof l->batch)
        memcpy(&l->batch, value, bytes);
    else if (attribute == CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET && bytes == sizeof l->batch_stride)
        memcpy(&l->batch_stride, value, bytes);
    else
        return CUBLAS_STATUS_INVALID_VALUE;
    return CUBLAS_STATUS_SUCCESS;
}

EXPORT cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *out) {
    *out = make(sizeof(preference));
    return CUBLAS_STATUS_SUCCESS;
}

EXPORT cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t to,
                                                           cublasLtMatmulPreferenceAttributes_t attribute,
                                                           const void *value, size_t bytes) {
    preference *p = (preference *)(void *)to;
    uint32_t number;
    if (attribute == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES && bytes == sizeof p->workspace)
        return memcpy(&p->workspace, value, bytes), CUBLAS_STATUS_SUCCESS;
    if (bytes != sizeof number) return CUBLAS_STATUS_INVALID_VALUE;
    memcpy(&number, value, bytes);
    if (attribute == CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK)
        return p->schemes = number, p->limited = 1, CUBLAS_STATUS_SUCCESS;
    if (attribute < CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES ||
        attribute > CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES || number == 0 || (number & (number - 1)))
        return CUBLAS_STATUS_INVALID_VALUE;
    p->alignment[attribute - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES] = number;
    return CUBLAS_STATUS_SUCCESS;
}

/* Rows and columns of op(l). */
static int64_t rows_of(const layout *l, cublasOperation_t op) { return op == CUBLAS_OP_N ? l->rows : l->columns; }
static int64_t columns_of(const layout *l, cublasOperation_t op) { return op == CUBLAS_OP_N ? l->columns : l->rows; }

/* The rules of cublasLtMatmul's documentation. */
static int right(const product *p, const layout *a, const layout *b, const layout *c, const layout *d) {
    const cublasComputeType_t compute = d->dtype == GLIA_F64 ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F;
    const cudaDataType_t scale        = d->dtype == GLIA_F64 ? CUDA_R_64F : CUDA_R_32F;
    const int epilogue                = p->epilogue != CUBLASLT_EPILOGUE_DEFAULT;
    const int half                    = a->dtype == GLIA_BF16 || a->dtype == GLIA_F16;
    return p->compute == compute && p->scale == scale && a->dtype == b->dtype &&
           (a->dtype == d->dtype || (half && d->dtype == GLIA_F32)) && c->dtype == d->dtype &&
           rows_of(a, p->a) == d->rows && columns_of(b, p->b) == d->columns &&
           columns_of(a, p->a) == rows_of(b, p->b) && c->rows == d->rows && c->columns == d->columns &&
           a->batch == d->batch && b->batch == d->batch && c->batch == d->batch &&
           (!epilogue || (p->vector && (uintptr_t)p->vector % 16 == 0 && d->batch == 1));
}

/* Partial sums in another type than the compute type, or rounded before the bias is added, would be less precise. */
static int precise(const product *p, const layout *d, const preference *asked) {
    const int half = d->dtype == GLIA_BF16 || d->dtype == GLIA_F16;
    const uint32_t allowed =
        half && p->epilogue == CUBLASLT_EPILOGUE_BIAS ? 0 : (uint32_t)CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
    return asked->limited && asked->schemes == allowed;
}

EXPORT cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc,
                                                     cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                                     cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                                     cublasLtMatmulPreference_t pref, int wanted,
                                                     cublasLtMatmulHeuristicResult_t results[], int *found) {
    const preference *p = (const preference *)(void *)pref;
    if (!handle || wanted < 3 || !p->workspace || !p->alignment[0] || !p->alignment[3] ||
        !precise((product *)(void *)desc, (layout *)(void *)d, p) ||
        !right((product *)(void *)desc, (layout *)(void *)a, (layout *)(void *)b, (layout *)(void *)c,
               (layout *)(void *)d))
        return CUBLAS_STATUS_INVALID_VALUE;
    memset(results, 0, (size_t)wanted * sizeof *results);
    results[0].state = CUBLAS_STATUS_NOT_SUPPORTED;
    for (int i = 1; i < 3; ++i) results[i].workspaceSize = 1000;
    *found = 3;
    return CUBLAS_STATUS_SUCCESS;
}

static double element(const layout *l, const void *data, int batch, int64_t row, int64_t column) {
    return gli_load(l->dtype, data, batch * l->batch_stride + column * l->leading + row);
}

static double of_op(const layout *l, cublasOperation_t op, const void *data, int batch, int64_t row, int64_t column) {
    return op == CUBLAS_OP_N ? element(l, data, batch, row, column) : element(l, data, batch, column, row);
}

/* The sums have the type of d. */
static void sum_columns(const product *p, const layout *b, const void *data, glia_dtype d) {
    for (int64_t j = 0; j < columns_of(b, p->b); ++j) {
        double sum = 0;
        for (int64_t i = 0; i < rows_of(b, p->b); ++i) sum += of_op(b, p->b, data, 0, i, j);
        gli_store(d, p->vector, j, sum);
    }
}

static double number(cudaDataType_t type, const void *value) {
    return type == CUDA_R_64F ? *(const double *)value : (double)*(const float *)value;
}

EXPORT cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, const void *alpha,
                                     const void *a_data, cublasLtMatrixLayout_t a_layout, const void *b_data,
                                     cublasLtMatrixLayout_t b_layout, const void *beta, const void *c_data,
                                     cublasLtMatrixLayout_t c_layout, void *d_data, cublasLtMatrixLayout_t d_layout,
                                     const cublasLtMatmulAlgo_t *algorithm, void *workspace, size_t workspace_bytes,
                                     cudaStream_t stream) {
    const product *p = (product *)(void *)desc;
    const layout *a = (layout *)(void *)a_layout, *b = (layout *)(void *)b_layout;
    const layout *c = (layout *)(void *)c_layout, *d = (layout *)(void *)d_layout;
    const double factor = number(p->scale, alpha), keep = number(p->scale, beta);
    (void)stream;
    if (!handle || !algorithm || workspace_bytes != 1000 || (uintptr_t)workspace % 256 || !right(p, a, b, c, d))
        return CUBLAS_STATUS_INVALID_VALUE;
    nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000L}, NULL);
    memset(workspace, 0xFF, workspace_bytes);
    if (p->epilogue == CUBLASLT_EPILOGUE_BGRADB) sum_columns(p, b, b_data, d->dtype);
    for (int batch = 0; batch < d->batch; ++batch)
        for (int64_t j = 0; j < d->columns; ++j)
            for (int64_t i = 0; i < d->rows; ++i) {
                double sum = 0;
                for (int64_t l = 0; l < columns_of(a, p->a); ++l)
                    sum += of_op(a, p->a, a_data, batch, i, l) * of_op(b, p->b, b_data, batch, l, j);
                sum *= factor;
                if (keep != 0) sum += keep * element(c, c_data, batch, i, j);
                if (p->epilogue == CUBLASLT_EPILOGUE_BIAS) sum += gli_load(d->dtype, p->vector, i);
                gli_store(d->dtype, d_data, batch * d->batch_stride + j * d->leading + i, sum);
            }
    return CUBLAS_STATUS_SUCCESS;
}
