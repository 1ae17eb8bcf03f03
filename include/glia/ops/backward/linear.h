/* The gradients of products of matrices, as far as they are no products of glia_matmul. */
#ifndef GLIA_OPS_BACKWARD_LINEAR_H
#define GLIA_OPS_BACKWARD_LINEAR_H

#include "glia/ops/linear.h"

#ifdef __cplusplus
extern "C" {
#endif

/* dw[u,k] = sum over ... of dy[...,u] x[...,k], dbias[u] = sum over ... of dy[...,u], for the activation linear.
 * x: [...,K]   dy: [...,U]   dw: [U,K]   dbias: [U] or NULL. Floats; dw and dbias are f32 where x and dy
 * are bf16 or f16. The gradient of x is glia_matmul of dy and w. */
GLIA_API glia_status glia_dense_backward_weights(glia_context *ctx, const glia_tensor *x, const glia_tensor *dy,
                                                 glia_tensor *dw, glia_tensor *dbias);

#ifdef __cplusplus
}
#endif
#endif
