/* Normalisation. The gradients are in glia/ops/backward/norm.h.
 *
 * Each op normalises groups of n elements of x: mean = sum x / n, var = sum (x - mean)^2 / n, rstd = 1 / sqrt(var +
 * epsilon), xhat = (x - mean) rstd, y = weight xhat + bias; weight NULL counts as ones, bias NULL as zeros. The ops
 * differ in what a group is. mean and rstd are outputs for the backward ops; gradients flow through all three.
 *
 * Backward, of g = weight dy: dx = rstd (g - sum g / n - xhat sum (g xhat) / n), the sums over the group; dweight = sum
 * dy xhat and dbias = sum dy, over all elements that share the weight. An element that is the only one of its group
 * gives y = bias and dx = 0 up to rounding and epsilon. x, y, their gradients and a residual are floats of one type. So
 * are all others, of which mean, rstd, var and the running ones are statistics, weight and bias parameters, but f32
 * where x is bf16 or f16, as in cuDNN and under PyTorch's autocast.
 *
 * Forward, x has any size: its sums and squares may be beyond the type. Backward, the sums over a group of |g| and of
 * |g xhat| have to be numbers of the type, of a float for those of 16 bits; with given statistics, so has x - mean. If
 * they are not, dx, or y, may be infinite or NaN. */
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

/* ---- batchnorm: one group a channel ------------------------------------------------------------------------------ */

typedef struct glia_batchnorm_params {
    double epsilon;  /* not negative */
    double momentum; /* of the running statistics, 0 to 1: new = (1 - momentum) old + momentum batch; 0 keeps them.
                        ONNX and Keras give 1 - momentum. */
    bool population; /* the running variance takes var as it is, as ONNX and Keras do; otherwise var n / (n - 1), as
                        PyTorch, which n = 1 does not have */
    glia_activation activation; /* of the result: linear, sigmoid, tanh or relu */
} glia_batchnorm_params;

/* epsilon 1e-5, momentum 0.1, unbiased running variance, linear. */
GLIA_API glia_batchnorm_params glia_batchnorm_defaults(void);

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

typedef struct glia_batchnorm_inference_params {
    double epsilon; /* not negative */
} glia_batchnorm_inference_params;

/* epsilon 1e-5. */
GLIA_API glia_batchnorm_inference_params glia_batchnorm_inference_defaults(void);

/* Normalises with given statistics: y = weight (x - running_mean) / sqrt(running_var + epsilon) + bias. x, y:
 * [N,C,...]; y may be x. As an op: inputs x, weight, bias, mean, var. The statistics are constants: they have no
 * gradient. */
GLIA_API glia_status glia_batchnorm_inference(glia_context *ctx, const glia_batchnorm_inference_params *params,
                                              const glia_tensor *x, const glia_batchnorm_vectors *vectors,
                                              glia_tensor *y);

/* ---- layernorm: one group for the trailing dimensions ------------------------------------------------------------ */

typedef struct glia_layernorm_params {
    int dims; /* how many trailing dimensions make a group */
    double epsilon;
} glia_layernorm_params;

/* dims 1, epsilon 1e-5. */
GLIA_API glia_layernorm_params glia_layernorm_defaults(void);

/* x, y: any shape   weight, bias: the last `dims` dimensions of it, or NULL   mean, rstd: the dimensions before.
 * stats may be NULL. Source: Ba, Kiros, Hinton, "Layer Normalization"; PyTorch's layer_norm. */
GLIA_API glia_status glia_layernorm(glia_context *ctx, const glia_layernorm_params *params, const glia_tensor *x,
                                    const glia_tensor *weight, const glia_tensor *bias, glia_tensor *y,
                                    const glia_norm_stats *stats);

/* ---- groupnorm: one group for some channels of one sample -------------------------------------------------------- */

typedef struct glia_groupnorm_params {
    int groups; /* divides C */
    double epsilon;
} glia_groupnorm_params;

/* groups 1, epsilon 1e-5. */
GLIA_API glia_groupnorm_params glia_groupnorm_defaults(void);

/* x, y: [N,C,...], group k of a sample has the channels k C/G .. (k+1) C/G - 1   weight, bias: [C] or NULL   mean,
 * rstd: [N,G]. stats may be NULL. Source: Wu, He, "Group Normalization"; PyTorch's group_norm. */
GLIA_API glia_status glia_groupnorm(glia_context *ctx, const glia_groupnorm_params *params, const glia_tensor *x,
                                    const glia_tensor *weight, const glia_tensor *bias, glia_tensor *y,
                                    const glia_norm_stats *stats);

typedef struct glia_instancenorm_params {
    double epsilon;
} glia_instancenorm_params;

/* epsilon 1e-5. */
GLIA_API glia_instancenorm_params glia_instancenorm_defaults(void);

/* groupnorm with a group for each channel: groups = C. mean, rstd: [N,C]. Its gradient is glia_groupnorm_backward.
 * Source: PyTorch's instance_norm without running statistics, ONNX InstanceNormalization. */
GLIA_API glia_status glia_instancenorm(glia_context *ctx, const glia_instancenorm_params *params, const glia_tensor *x,
                                       const glia_tensor *weight, const glia_tensor *bias, glia_tensor *y,
                                       const glia_norm_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
