/* Products of matrices. The gradients are in glia/ops/backward/linear.h. */
#ifndef GLIA_OPS_LINEAR_H
#define GLIA_OPS_LINEAR_H

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_matmul_params {
    bool transpose_a; /* a: [...,K,M] */
    bool transpose_b; /* b: [...,N,K] */
    double alpha;
    double beta; /* of c */
} glia_matmul_params;

/* Nothing transposed, alpha = beta = 1. */
GLIA_API glia_matmul_params glia_matmul_defaults(void);

/* y[...,m,n] = alpha sum over k of op(a)[...,m,k] op(b)[...,k,n] + beta c[...,m,n], where op swaps the last two
 * dimensions if that matrix's flag is set. A sum over no k is 0.
 * a: [...,M,K]   b: [...,K,N]   y: [...,M,N], whose leading dimensions are those of a and b broadcast to each other.
 * c: NULL, or any shape that broadcasts to y's: [N] adds to each row, [M,1] to each column. With beta 0 it is not
 * read. At most eight dimensions. Floats.
 * Source: NumPy's matmul for two and more dimensions, BLAS and ONNX Gemm for alpha, beta and c. */
GLIA_API glia_status glia_matmul(glia_context *ctx, const glia_matmul_params *params, const glia_tensor *a,
                                 const glia_tensor *b, const glia_tensor *c, glia_tensor *y);

typedef struct glia_dense_params {
    glia_activation activation; /* fused: linear, sigmoid, tanh or relu */
} glia_dense_params;

/* y[...,u] = act(bias[u] + sum over k of x[...,k] w[u,k]).
 * x: [...,K], two dimensions or more   w: [U,K]   bias: [U] or NULL   y: [...,U]. Floats.
 * Source: PyTorch's linear. */
GLIA_API glia_status glia_dense(glia_context *ctx, const glia_dense_params *params, const glia_tensor *x,
                                const glia_tensor *w, const glia_tensor *bias, glia_tensor *y);

#ifdef __cplusplus
}
#endif
#endif
