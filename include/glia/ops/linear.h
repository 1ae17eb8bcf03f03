/* Products of matrices. */
#ifndef GLIA_OPS_LINEAR_H
#define GLIA_OPS_LINEAR_H

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_matmul_params {
    bool transpose_a; /* a: [...,K,M] */
    bool transpose_b; /* b: [...,N,K] */
    float alpha;      /* default 1 */
    float beta;       /* of c; default 1 */
} glia_matmul_params;

/* y[...,m,n] = alpha sum over k of op(a)[...,m,k] op(b)[...,k,n] + beta c[...,m,n], where op swaps the last two
 * dimensions if that operand's flag is set. A sum over no k is 0.
 * a: [...,M,K]   b: [...,K,N]   y: [...,M,N], whose leading dimensions are those of a and b broadcast to each other.
 * c: NULL, or any shape that broadcasts to y's: [N] adds to each row, [M,1] to each column. At most eight dimensions.
 * Floats. Source: NumPy's matmul for operands of two and more dimensions, ONNX Gemm for alpha, beta and c. */
GLIA_API glia_status glia_matmul(glia_context *ctx, const glia_matmul_params *params, const glia_tensor *a,
                                 const glia_tensor *b, const glia_tensor *c, glia_tensor *y);

typedef struct glia_dense_params {
    glia_unary_kind activation; /* fused: linear, sigmoid, tanh or relu */
} glia_dense_params;

/* y[...,u] = act(bias[u] + sum over k of x[...,k] w[u,k]).
 * x: [...,K], two dimensions or more   w: [U,K]   bias: [U] or NULL   y: [...,U]. Floats.
 * Source: PyTorch's linear. */
GLIA_API glia_status glia_dense(glia_context *ctx, const glia_dense_params *params, const glia_tensor *x,
                                const glia_tensor *w, const glia_tensor *bias, glia_tensor *y);

typedef struct glia_dense_backward_weights_params {
    int unused; /* there is nothing to choose */
} glia_dense_backward_weights_params;

/* dw[u,k] = sum over ... of dy[...,u] x[...,k], dbias[u] = sum over ... of dy[...,u], for the activation linear.
 * x: [...,K]   dy: [...,U]   dw: [U,K]   dbias: [U] or NULL. Floats. The gradient of x is glia_matmul of dy and w. */
GLIA_API glia_status glia_dense_backward_weights(glia_context *ctx, const glia_dense_backward_weights_params *params,
                                                 const glia_tensor *x, const glia_tensor *dy, glia_tensor *dw,
                                                 glia_tensor *dbias);

#ifdef __cplusplus
}
#endif
#endif
