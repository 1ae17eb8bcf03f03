/* Normalisation.
 *
 * Each op normalises groups of n elements of x: mean = sum x / n, var = sum (x - mean)^2 / n, rstd = 1 / sqrt(var +
 * epsilon), xhat = (x - mean) rstd, y = weight xhat + bias; weight NULL counts as ones, bias NULL as zeros. The ops
 * differ in what a group is. mean and rstd are outputs for the backward ops; gradients flow through y only.
 *
 * Backward, of g = weight dy: dx = rstd (g - sum g / n - xhat sum (g xhat) / n), the sums over the group; dweight = sum
 * dy xhat and dbias = sum dy, over all elements that share the weight. An element that is the only one of its group
 * gives y = bias and dx = 0 up to rounding and epsilon. All tensors are floats of one type. */
#ifndef GLIA_OPS_NORM_H
#define GLIA_OPS_NORM_H

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Optional outputs of a forward call; each may be NULL. */
typedef struct glia_norm_stats {
    glia_tensor *mean, *rstd;
} glia_norm_stats;

/* Inputs of a backward call: the forward's weight, or NULL, and its two statistics. */
typedef struct glia_norm_saved {
    const glia_tensor *weight, *mean, *rstd;
} glia_norm_saved;

/* Optional outputs of a backward call; each may be NULL. */
typedef struct glia_norm_gradients {
    glia_tensor *dweight, *dbias;
} glia_norm_gradients;

/* ---- batchnorm: one group a channel ------------------------------------------------------------------------------ */

typedef struct glia_batchnorm_params {
    double epsilon;  /* default 1e-5 */
    double momentum; /* of the running statistics, 0 to 1: new = (1 - momentum) old + momentum batch; default 0.1.
                        ONNX and Keras give 1 - momentum. */
    bool population; /* the running variance takes var as it is, as ONNX and Keras do; default: var n / (n - 1), as
                        PyTorch, which n = 1 does not have */
    glia_unary_kind activation; /* of the result: linear, sigmoid, tanh or relu */
} glia_batchnorm_params;

/* Vectors [C] of a batchnorm. Training updates the running ones in place; each may be NULL. In inference weight and
 * bias may be NULL. */
typedef struct glia_batchnorm_vectors {
    const glia_tensor *weight, *bias;
    glia_tensor *running_mean, *running_var;
    const glia_tensor *residual; /* of glia_batchnorm alone: no vector, but of the shape of x; may be NULL */
} glia_batchnorm_vectors;

/* Normalises with the statistics of x, then y = activation(normalised x + residual). x, y: [N,C,...], a group is a
 * channel, n = N times the area   mean, rstd: [C].
 * stats may be NULL, vectors too. As an op of a graph it has the inputs x, weight, bias, running_mean, running_var,
 * residual and the outputs y, mean, rstd, new_running_mean, new_running_var; the last two may lie in the memory of the
 * inputs, and an absent running_mean counts as zeros, running_var as ones. Source: Ioffe, Szegedy, "Batch
 * Normalization"; PyTorch's batch_norm in training, ONNX BatchNormalization. */
GLIA_API glia_status glia_batchnorm(glia_context *ctx, const glia_batchnorm_params *params, const glia_tensor *x,
                                    const glia_batchnorm_vectors *vectors, glia_tensor *y,
                                    const glia_norm_stats *stats);

typedef struct glia_batchnorm_backward_params {
    int reserved; /* nothing to set */
} glia_batchnorm_backward_params;

/* The gradient of glia_batchnorm. x, dy, dx: [N,C,...]   weight, mean, rstd, dweight, dbias: [C]. gradients may be
 * NULL. As an op: inputs x, dy, weight, mean, rstd; outputs dx, dweight, dbias. */
GLIA_API glia_status glia_batchnorm_backward(glia_context *ctx, const glia_batchnorm_backward_params *params,
                                             const glia_tensor *x, const glia_tensor *dy, const glia_norm_saved *saved,
                                             glia_tensor *dx, const glia_norm_gradients *gradients);

typedef struct glia_batchnorm_inference_params {
    double epsilon; /* default 1e-5 */
} glia_batchnorm_inference_params;
typedef glia_batchnorm_inference_params glia_batchnorm_inference_backward_params;

/* Normalises with given statistics: y = weight (x - running_mean) / sqrt(running_var + epsilon) + bias. x, y:
 * [N,C,...]; y may be x. As an op: inputs x, weight, bias, mean, var. The statistics are constants: they have no
 * gradient. */
GLIA_API glia_status glia_batchnorm_inference(glia_context *ctx, const glia_batchnorm_inference_params *params,
                                              const glia_tensor *x, const glia_batchnorm_vectors *vectors,
                                              glia_tensor *y);

/* Its gradient: dx = weight dy / sqrt(running_var + epsilon). vectors: those of the forward call; its bias is not used.
 * gradients may be NULL. As an op: inputs x, dy, weight, mean, var; outputs dx, dweight, dbias. */
GLIA_API glia_status glia_batchnorm_inference_backward(glia_context *ctx,
                                                       const glia_batchnorm_inference_backward_params *params,
                                                       const glia_tensor *x, const glia_tensor *dy,
                                                       const glia_batchnorm_vectors *vectors, glia_tensor *dx,
                                                       const glia_norm_gradients *gradients);

/* ---- layernorm: one group for the trailing dimensions ------------------------------------------------------------ */

typedef struct glia_layernorm_params {
    int dims;       /* how many trailing dimensions make a group; default 1 */
    double epsilon; /* default 1e-5 */
} glia_layernorm_params;

/* x, y: any shape   weight, bias: the last `dims` dimensions of it, or NULL   mean, rstd: the dimensions before.
 * stats may be NULL. Source: Ba, Kiros, Hinton, "Layer Normalization"; PyTorch's layer_norm. */
GLIA_API glia_status glia_layernorm(glia_context *ctx, const glia_layernorm_params *params, const glia_tensor *x,
                                    const glia_tensor *weight, const glia_tensor *bias, glia_tensor *y,
                                    const glia_norm_stats *stats);

typedef struct glia_layernorm_backward_params {
    int dims; /* of the forward */
} glia_layernorm_backward_params;

/* The gradient of glia_layernorm, shapes as there; dweight and dbias have the shape of weight. gradients may be NULL.
 * As an op: inputs x, dy, weight, mean, rstd; outputs dx, dweight, dbias. */
GLIA_API glia_status glia_layernorm_backward(glia_context *ctx, const glia_layernorm_backward_params *params,
                                             const glia_tensor *x, const glia_tensor *dy, const glia_norm_saved *saved,
                                             glia_tensor *dx, const glia_norm_gradients *gradients);

/* ---- groupnorm: one group for some channels of one sample -------------------------------------------------------- */

typedef struct glia_groupnorm_params {
    int groups;     /* must divide C; default 1 */
    double epsilon; /* default 1e-5 */
} glia_groupnorm_params;

/* x, y: [N,C,...], group k of a sample has the channels k C/G .. (k+1) C/G - 1   weight, bias: [C] or NULL   mean,
 * rstd: [N,G]. stats may be NULL. Source: Wu, He, "Group Normalization"; PyTorch's group_norm. */
GLIA_API glia_status glia_groupnorm(glia_context *ctx, const glia_groupnorm_params *params, const glia_tensor *x,
                                    const glia_tensor *weight, const glia_tensor *bias, glia_tensor *y,
                                    const glia_norm_stats *stats);

typedef struct glia_groupnorm_backward_params {
    int groups; /* of the forward */
} glia_groupnorm_backward_params;

/* The gradient of glia_groupnorm, shapes as there. gradients may be NULL.
 * As an op: inputs x, dy, weight, mean, rstd; outputs dx, dweight, dbias. */
GLIA_API glia_status glia_groupnorm_backward(glia_context *ctx, const glia_groupnorm_backward_params *params,
                                             const glia_tensor *x, const glia_tensor *dy, const glia_norm_saved *saved,
                                             glia_tensor *dx, const glia_norm_gradients *gradients);

typedef struct glia_instancenorm_params {
    double epsilon; /* default 1e-5 */
} glia_instancenorm_params;

/* groupnorm with a group for each channel: groups = C. mean, rstd: [N,C]. Its gradient is glia_groupnorm_backward.
 * Source: PyTorch's instance_norm without running statistics, ONNX InstanceNormalization. */
GLIA_API glia_status glia_instancenorm(glia_context *ctx, const glia_instancenorm_params *params, const glia_tensor *x,
                                       const glia_tensor *weight, const glia_tensor *bias, glia_tensor *y,
                                       const glia_norm_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
