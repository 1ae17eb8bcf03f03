/* The gradients of dense layers; those of glia_matmul are products of glia_matmul. */
#ifndef GLIA_OPS_BACKWARD_LINEAR_H
#define GLIA_OPS_BACKWARD_LINEAR_H

#include "glia/ops/linear.h"

#ifdef __cplusplus
extern "C" {
#endif

/* dw[u,k] = sum over ... of dy[...,u] x[...,k], dbias[u] = sum over ... of dy[...,u], for the activation linear.
 * x: [...,K]   dy: [...,U]   dw: [U,K]   dbias: [U] or NULL. Floats; dw and dbias are f32 where x and dy
 * are bf16 or f16. */
GLIA_API glia_status glia_dense_backward_weights(glia_context *ctx, const glia_tensor *x, const glia_tensor *dy,
                                                 glia_tensor *dw, glia_tensor *dbias);

typedef struct glia_dense_backward_data_params {
    glia_activation activation; /* that x comes from: linear, sigmoid, tanh or relu */
} glia_dense_backward_data_params;

/* dx[...,k] = act'(of x[...,k]) times the sum over u of dy[...,u] w[u,k], for the activation linear of the dense layer.
 * x is what `activation` computed, which tells its derivative: then dx is the gradient of what that was computed from.
 * Where the derivative of relu is 0, so is dx, whatever the sum.
 * dy: [...,U], two dimensions or more   w: [U,K]   x: [...,K], or NULL with linear, which does not read it
 * dx: [...,K]. Floats. */
GLIA_API glia_status glia_dense_backward_data(glia_context *ctx, const glia_dense_backward_data_params *params,
                                              const glia_tensor *dy, const glia_tensor *w, const glia_tensor *x,
                                              glia_tensor *dx);

#ifdef __cplusplus
}
#endif
#endif
