/* The gradients of normalisations. */
#ifndef GLIA_OPS_BACKWARD_NORM_H
#define GLIA_OPS_BACKWARD_NORM_H

#include "glia/ops/norm.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Inputs of a backward call: the forward's weight, or NULL, and its two statistics. */
typedef struct glia_norm_saved {
    const glia_tensor *weight, *mean, *rstd;
    const glia_tensor *y; /* of glia_batchnorm with an activation: its output; else NULL */
} glia_norm_saved;

/* Optional outputs of a backward call; each may be NULL. */
typedef struct glia_norm_gradients {
    glia_tensor *dweight, *dbias;
    glia_tensor *dresidual; /* of glia_batchnorm alone; it may be dy */
} glia_norm_gradients;

typedef struct glia_batchnorm_backward_params {
    glia_activation activation; /* of the forward call */
} glia_batchnorm_backward_params;

/* The gradient of glia_batchnorm. x, dy, y, dx, dresidual: [N,C,...]   weight, mean, rstd, dweight, dbias: [C].
 * dresidual is dy times the derivative of the activation, which y tells, and what dx, dweight and dbias follow from.
 * gradients may be NULL. As an op: inputs x, dy, weight, mean, rstd, y, and dy2, which may be absent and is added to
 * dy; outputs dx, which may be dy2, dweight, dbias, dresidual. */
GLIA_API glia_status glia_batchnorm_backward(glia_context *ctx, const glia_batchnorm_backward_params *params,
                                             const glia_tensor *x, const glia_tensor *dy, const glia_norm_saved *saved,
                                             glia_tensor *dx, const glia_norm_gradients *gradients);

typedef glia_batchnorm_inference_params glia_batchnorm_inference_backward_params;

/* Its gradient: dx = weight dy / sqrt(running_var + epsilon). vectors: those of the forward call; its bias is not used.
 * gradients may be NULL. As an op: inputs x, dy, weight, mean, var; outputs dx, dweight, dbias. */
GLIA_API glia_status glia_batchnorm_inference_backward(glia_context *ctx,
                                                       const glia_batchnorm_inference_backward_params *params,
                                                       const glia_tensor *x, const glia_tensor *dy,
                                                       const glia_batchnorm_vectors *vectors, glia_tensor *dx,
                                                       const glia_norm_gradients *gradients);

typedef struct glia_layernorm_backward_params {
    int dims; /* of the forward call */
} glia_layernorm_backward_params;

/* dims 1. */
GLIA_API glia_layernorm_backward_params glia_layernorm_backward_defaults(void);

/* The gradient of glia_layernorm, shapes as there; dweight and dbias have the shape of weight. gradients may be NULL.
 * As an op: inputs x, dy, weight, mean, rstd; outputs dx, dweight, dbias. */
GLIA_API glia_status glia_layernorm_backward(glia_context *ctx, const glia_layernorm_backward_params *params,
                                             const glia_tensor *x, const glia_tensor *dy, const glia_norm_saved *saved,
                                             glia_tensor *dx, const glia_norm_gradients *gradients);

typedef struct glia_groupnorm_backward_params {
    int groups; /* of the forward call */
} glia_groupnorm_backward_params;

/* groups 1. */
GLIA_API glia_groupnorm_backward_params glia_groupnorm_backward_defaults(void);

/* The gradient of glia_groupnorm, shapes as there. gradients may be NULL.
 * As an op: inputs x, dy, weight, mean, rstd; outputs dx, dweight, dbias. */
GLIA_API glia_status glia_groupnorm_backward(glia_context *ctx, const glia_groupnorm_backward_params *params,
                                             const glia_tensor *x, const glia_tensor *dy, const glia_norm_saved *saved,
                                             glia_tensor *dx, const glia_norm_gradients *gradients);

#ifdef __cplusplus
}
#endif
#endif
