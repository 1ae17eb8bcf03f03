/* cuBLASLt behind a wall: this header, cublas.c and cublas_gemm.c are all that knows its API. An adapter X_cublas.c
 * describes its call as one product of row-major matrices; prepare picks the algorithm, run launches it. */
#ifndef GLI_CUDA_LIBRARY_CUBLAS_CUBLAS_H
#define GLI_CUDA_LIBRARY_CUBLAS_CUBLAS_H

#include "cuda/device/cuda_device.h"
#include "glia/ops/common.h"

/* rows x columns elements at data + row_stride i + column_stride j + batch_stride b. No rows: there is no matrix. */
typedef struct gli_cublas_matrix {
    int64_t rows, columns;
    int64_t row_stride, column_stride, batch_stride;
} gli_cublas_matrix;

/* Which tensors of a call the product reads and writes, by index; -1: none. */
typedef struct gli_cublas_tensors {
    int a, b, c, bias; /* of call->in */
    int y, row_sums;   /* of call->out */
} gli_cublas_tensors;

/* y = act(alpha a b + beta c + bias), `batch` times. bias[j] is added to column j. row_sums[i] is the sum over row i of
 * a. Both vectors are packed, and there is at most one of them, with one batch only. Where there is an activation, y is
 * packed: activations are a pass of our own kernel, because the library's relu is max(x, 0), which makes 0 of a NaN,
 * and a network that has diverged would look well. With `backward` that pass is y = act'(of s) y, where s is
 * call->in[source], row-major as y then is: what the activation computed. The library's epilogue for this reads a mask
 * of bits, which its own forward pass writes. */
typedef struct gli_cublas_product {
    gli_cublas_matrix a, b, c, y;
    gli_cublas_tensors tensors;
    int64_t batch;
    double alpha, beta;
    glia_unary_kind activation;
    bool backward;
    int source;
} gli_cublas_product;

/* Why no product can be made of this call's tensors: empty ones, or no cuBLASLt. NULL: one may. */
const char *gli_cublas_decline(const gli_call *call);

/* Why cuBLASLt cannot take this product. NULL: it may. */
const char *gli_cublas_decline_product(const gli_cublas_product *product);

glia_status gli_cublas_prepare(const gli_call *call, const gli_cublas_product *product, gli_prepared *out);
glia_status gli_cublas_run(const gli_call *call, const gli_prepared *prepared, void *workspace);
void gli_cublas_release(gli_prepared *prepared);

/* Defines the provider gli_OP_cublas, of which describe(call, product) tells the product, or returns why there is
 * none. */
#define GLI_CUBLAS_PROVIDER(op, describe)                                                                          \
    static const char *decline_##op(const gli_call *call) {                                                        \
        gli_cublas_product product;                                                                                \
        const char *reason = gli_cublas_decline(call);                                                             \
        if (!reason) reason = describe(call, &product);                                                            \
        return reason ? reason : gli_cublas_decline_product(&product);                                             \
    }                                                                                                              \
    static glia_status prepare_##op(const gli_call *call, gli_prepared *out) {                                     \
        gli_cublas_product product;                                                                                \
        describe(call, &product);                                                                                  \
        return gli_cublas_prepare(call, &product, out);                                                            \
    }                                                                                                              \
    const gli_provider gli_##op##_cublas = {.name    = "cuda.cublas",                                              \
                                            .accepts = {GLI_TAKES_FLOATS, GLI_ANY_FORMAT, .flags = GLI_NOT_EMPTY}, \
                                            .decline = decline_##op,                                               \
                                            .prepare = prepare_##op,                                               \
                                            .run     = gli_cublas_run,                                             \
                                            .release = gli_cublas_release}

#endif
