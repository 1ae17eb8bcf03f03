/* Layers. Each is called alike: the model, the values it takes, and a struct of args, in which a field left out means
 * the default; args NULL is all defaults where those make a layer. In each, name NULL makes "conv2d", "conv2d_1", ...;
 * a name has at most 40 characters. Layers of sequences are in glia/sequence_layers.h, those that
 * make spectra of sound in glia/spectrum.h.
 *
 * Axes count from 0, the first after the batch; negative ones from the end. */
#ifndef GLIA_LAYERS_H
#define GLIA_LAYERS_H

#include "glia/model.h"
#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of layers that have nothing else to set. */
typedef struct glia_layer_args {
    const char *name;
} glia_layer_args;

/* ---- Dense and convolution. A softmax as their activation is over the units or filters ---- */

typedef struct glia_dense_args {
    const char *name;
    int units;
    glia_activation activation;
    bool no_bias, frozen;
    glia_init weight_init, bias_init;
} glia_dense_args;
/* y[...,u] = act(bias[u] + sum over k of x[...,k] weight[u,k]): of a sequence [T,K] each step on its own, as Keras'
 * TimeDistributed. Weights: NAME.weight [U,K], NAME.bias [U]. */
GLIA_API glia_value glia_model_dense(glia_model *model, glia_value x, const glia_dense_args *args);

/* Where the zeros around an image go. */
typedef enum glia_padding {
    GLIA_PAD_EXPLICIT,  /* as pad and pad_end say */
    GLIA_PAD_SAME,      /* P = ceil(H / stride); the odd one at the end (Keras, ONNX SAME_UPPER) */
    GLIA_PAD_SAME_LOWER /* the odd one at the start */
} glia_padding;

/* For the pad_end of layers, where 0 means as pad: nothing there. */
enum { GLIA_NO_PAD = -1 };

typedef struct glia_conv2d_args {
    const char *name;
    int filters;
    int kernel[2];
    int stride[2];   /* default 1 */
    int pad[2];      /* zeros before the first row and column */
    int pad_end[2];  /* zeros after the last; default: as pad */
    int dilation[2]; /* default 1 */
    int groups;      /* default 1 */
    glia_padding padding;
    glia_activation activation;
    bool no_bias, frozen;
    glia_init weight_init, bias_init;
} glia_conv2d_args;
/* x: [C,H,W]; see glia_conv2d. Weights: NAME.weight [K,C/G,R,S], NAME.bias [K]. */
GLIA_API glia_value glia_model_conv2d(glia_model *model, glia_value x, const glia_conv2d_args *args);

/* The layers over one dimension take x: [C,L], as PyTorch has it, and give y alike. With steps_first both are [T,C], as
 * embeddings and recurrent layers have them. */
typedef struct glia_conv1d_args {
    const char *name;
    int filters, kernel;
    int stride, pad, pad_end, dilation, groups; /* as those of glia_conv2d_args */
    glia_padding padding;
    glia_activation activation;
    bool steps_first;
    bool no_bias, frozen;
    glia_init weight_init, bias_init;
} glia_conv1d_args;
/* Weights: NAME.weight [K,C/G,S], NAME.bias [K]. With .pad = dilation (kernel - 1) and .pad_end = GLIA_NO_PAD it is
 * causal: no step sees a later one. */
GLIA_API glia_value glia_model_conv1d(glia_model *model, glia_value x, const glia_conv1d_args *args);

/* Triples are {slices, rows, columns}. */
typedef struct glia_conv3d_args {
    const char *name;
    int filters;
    int kernel[3];
    int stride[3], pad[3], pad_end[3], dilation[3], groups; /* as those of glia_conv2d_args */
    glia_padding padding;
    glia_activation activation;
    bool no_bias, frozen;
    glia_init weight_init, bias_init;
} glia_conv3d_args;
/* x: [C,D,H,W]; see glia_conv3d. Weights: NAME.weight [K,C/G,T,R,S], NAME.bias [K]. */
GLIA_API glia_value glia_model_conv3d(glia_model *model, glia_value x, const glia_conv3d_args *args);

typedef struct glia_conv2d_transpose_args {
    const char *name;
    int filters;
    int kernel[2];
    int stride[2], pad[2], pad_end[2], dilation[2], groups; /* as those of glia_conv2d_args */
    int output_pad[2];
    glia_activation activation;
    bool no_bias, frozen;
    glia_init weight_init, bias_init;
} glia_conv2d_transpose_args;
/* x: [C,H,W]; see glia_conv2d_transpose. Weights: NAME.weight [C,K/G,R,S], NAME.bias [K]. */
GLIA_API glia_value glia_model_conv2d_transpose(glia_model *model, glia_value x,
                                                const glia_conv2d_transpose_args *args);

/* ---- Pooling ---- */

typedef struct glia_max_pool2d_args {
    const char *name;
    int kernel[2];
    int stride[2];                       /* default: kernel */
    int pad[2], pad_end[2], dilation[2]; /* as those of glia_conv2d_args */
    glia_padding padding;
    bool ceil_mode;
} glia_max_pool2d_args;
GLIA_API glia_value glia_model_max_pool2d(glia_model *model, glia_value x, const glia_max_pool2d_args *args);

typedef struct glia_avg_pool2d_args {
    const char *name;
    int kernel[2];
    int stride[2];          /* default: kernel */
    int pad[2], pad_end[2]; /* as those of glia_conv2d_args */
    glia_padding padding;
    bool ceil_mode, count_include_pad;
} glia_avg_pool2d_args;
GLIA_API glia_value glia_model_avg_pool2d(glia_model *model, glia_value x, const glia_avg_pool2d_args *args);

/* Of volumes, x: [C,D,H,W]. */
typedef struct glia_max_pool3d_args {
    const char *name;
    int kernel[3];
    int stride[3];                       /* default: kernel */
    int pad[3], pad_end[3], dilation[3]; /* as those of glia_conv2d_args */
    glia_padding padding;
    bool ceil_mode;
} glia_max_pool3d_args;
GLIA_API glia_value glia_model_max_pool3d(glia_model *model, glia_value x, const glia_max_pool3d_args *args);

typedef struct glia_avg_pool3d_args {
    const char *name;
    int kernel[3];
    int stride[3];          /* default: kernel */
    int pad[3], pad_end[3]; /* as those of glia_conv2d_args */
    glia_padding padding;
    bool ceil_mode, count_include_pad;
} glia_avg_pool3d_args;
GLIA_API glia_value glia_model_avg_pool3d(glia_model *model, glia_value x, const glia_avg_pool3d_args *args);

typedef struct glia_adaptive_pool2d_args {
    const char *name;
    int size[2]; /* rows and columns of y; default 1 */
} glia_adaptive_pool2d_args;
GLIA_API glia_value glia_model_adaptive_max_pool2d(glia_model *model, glia_value x,
                                                   const glia_adaptive_pool2d_args *args);
GLIA_API glia_value glia_model_adaptive_avg_pool2d(glia_model *model, glia_value x,
                                                   const glia_adaptive_pool2d_args *args);

typedef struct glia_upsample2d_args {
    const char *name;
    int scale[2];       /* default 2 */
    int size[2];        /* rows and columns of y; default: scale times those of x */
    bool linear;        /* bilinear; otherwise the nearest element */
    bool align_corners; /* of linear: see GLIA_COORDINATES_ALIGN_CORNERS */
} glia_upsample2d_args;
/* x: [C,H,W]; see glia_interpolate, which glia_model_op calls in other ways, and of vectors and volumes. */
GLIA_API glia_value glia_model_upsample2d(glia_model *model, glia_value x, const glia_upsample2d_args *args);

/* [C,H,W] -> [C] */
GLIA_API glia_value glia_model_global_max_pool2d(glia_model *model, glia_value x, const glia_layer_args *args);
GLIA_API glia_value glia_model_global_avg_pool2d(glia_model *model, glia_value x, const glia_layer_args *args);

typedef struct glia_max_pool1d_args {
    const char *name;
    int kernel;
    int stride; /* default: kernel */
    int pad, pad_end, dilation;
    glia_padding padding;
    bool steps_first;
    bool ceil_mode;
} glia_max_pool1d_args;
GLIA_API glia_value glia_model_max_pool1d(glia_model *model, glia_value x, const glia_max_pool1d_args *args);

typedef struct glia_avg_pool1d_args {
    const char *name;
    int kernel;
    int stride; /* default: kernel */
    int pad, pad_end;
    glia_padding padding;
    bool steps_first;
    bool ceil_mode, count_include_pad;
} glia_avg_pool1d_args;
GLIA_API glia_value glia_model_avg_pool1d(glia_model *model, glia_value x, const glia_avg_pool1d_args *args);

typedef struct glia_global_pool1d_args {
    const char *name;
    glia_value lengths; /* i32 or i64 []: only the steps before it count, and a sequence without any gives 0 */
    bool steps_first;
} glia_global_pool1d_args;
/* [C,L] or [T,C] -> [C] */
GLIA_API glia_value glia_model_global_max_pool1d(glia_model *model, glia_value x, const glia_global_pool1d_args *args);
GLIA_API glia_value glia_model_global_avg_pool1d(glia_model *model, glia_value x, const glia_global_pool1d_args *args);

/* ---- Normalisation, see glia/ops/norm.h. Weights: NAME.weight, NAME.bias ---- */

typedef struct glia_batchnorm_args {
    const char *name;
    glia_optional epsilon;  /* [1e-5] */
    glia_optional momentum; /* of the running statistics: new = (1-m) old + m batch [0.1] */
    bool population;        /* the running variance divides by n (ONNX, Keras), not by n-1 (PyTorch) */
    bool no_scale;          /* without weight and bias */
    bool frozen;            /* uses and keeps the running statistics in training too */
} glia_batchnorm_args;
/* Further weights: NAME.running_mean, NAME.running_var. */
GLIA_API glia_value glia_model_batchnorm(glia_model *model, glia_value x, const glia_batchnorm_args *args);

typedef struct glia_batchrenorm_args {
    const char *name;
    glia_optional epsilon, momentum; /* as of batchnorm [1e-5], [0.1] */
    glia_optional max_r;             /* at least 1 [3] */
    glia_optional max_d;             /* not negative [5] */
    bool population, no_scale, frozen;
} glia_batchrenorm_args;
/* Batch renormalisation, for batches that are small or not drawn alike: batchnorm with statistics that are corrected
 * towards the running ones, with which the model is used later. In training, of the batch's mean and rstd, and
 * sigma = sqrt(running_var + epsilon) before they move:
 *   y = weight (xhat r + d) + bias, xhat = (x - mean) rstd
 *   r = 1 / (rstd sigma), at least 1 / max_r and at most max_r
 *   d = (mean - running_mean) / sigma, from -max_d to max_d
 * Gradients take r and d as constants, and go through mean and rstd as those of batchnorm. The running statistics move
 * as those of batchnorm do, and all but training is the same. With max_r 1 and max_d 0 it is batchnorm.
 * Further weights: NAME.running_mean, NAME.running_var, and NAME.max_r and NAME.max_d [1], which a schedule sets with
 * glia_model_set, between calls or in a callback: the paper begins as batchnorm, and lets them grow to 3 and 5.
 * Source: Ioffe, "Batch Renormalization: Towards Reducing Minibatch Dependence in Batch-Normalized Models", 2017, with
 * a running variance where it has a running deviation. */
GLIA_API glia_value glia_model_batchrenorm(glia_model *model, glia_value x, const glia_batchrenorm_args *args);

typedef struct glia_layernorm_args {
    const char *name;
    glia_optional epsilon; /* [1e-5] */
    int dims;              /* how many trailing dimensions; default 1 */
    bool no_scale, frozen;
} glia_layernorm_args;
GLIA_API glia_value glia_model_layernorm(glia_model *model, glia_value x, const glia_layernorm_args *args);

typedef struct glia_groupnorm_args {
    const char *name;
    glia_optional epsilon; /* [1e-5] */
    int groups;            /* default 1 */
    bool no_scale, frozen;
} glia_groupnorm_args;
GLIA_API glia_value glia_model_groupnorm(glia_model *model, glia_value x, const glia_groupnorm_args *args);

typedef struct glia_instancenorm_args {
    const char *name;
    glia_optional epsilon; /* [1e-5] */
    bool no_scale, frozen;
} glia_instancenorm_args;
GLIA_API glia_value glia_model_instancenorm(glia_model *model, glia_value x, const glia_instancenorm_args *args);

/* ---- Activations and dropout ---- */

typedef struct glia_activation_args {
    const char *name;
    glia_activation kind;
    glia_optional alpha, beta; /* of kinds that have them, see GLIA_UNARY_LIST */
} glia_activation_args;
/* A softmax is over the last dimension. Functions that are no activations: glia_model_op with "unary". */
GLIA_API glia_value glia_model_activation(glia_model *model, glia_value x, const glia_activation_args *args);

/* Over the last dimension. */
GLIA_API glia_value glia_model_softmax(glia_model *model, glia_value x, const glia_layer_args *args);
GLIA_API glia_value glia_model_log_softmax(glia_model *model, glia_value x, const glia_layer_args *args);

typedef struct glia_prelu_args {
    const char *name;
    bool frozen;
    glia_init weight_init; /* default: 0.25 */
} glia_prelu_args;
/* One slope for each channel, axis 0 of x. Weights: NAME.weight [C]. */
GLIA_API glia_value glia_model_prelu(glia_model *model, glia_value x, const glia_prelu_args *args);

typedef struct glia_dropout_args {
    const char *name;
    double p;
} glia_dropout_args;
/* In training, each element is 0 with probability p, else divided by 1-p; otherwise the identity. */
GLIA_API glia_value glia_model_dropout(glia_model *model, glia_value x, const glia_dropout_args *args);

/* ---- Shapes, and layers that combine values ---- */

GLIA_API glia_value glia_model_flatten(glia_model *model, glia_value x, const glia_layer_args *args); /* to [n] */

typedef struct glia_reshape_args {
    const char *name;
    glia_shape shape; /* one dimension may be -1: what the others leave */
} glia_reshape_args;
GLIA_API glia_value glia_model_reshape(glia_model *model, glia_value x, const glia_reshape_args *args);

typedef struct glia_transpose_args {
    const char *name;
    int axis[2]; /* default {0, 1} */
} glia_transpose_args;
/* Exchanges two axes: by default it makes the steps' logits [T,C] of a dense layer the [C,T] that a cross-entropy
 * takes. */
GLIA_API glia_value glia_model_transpose(glia_model *model, glia_value x, const glia_transpose_args *args);

typedef struct glia_slice_args {
    const char *name;
    int axis;
    int start, stop; /* negative: from the end; stop 0: to the end */
} glia_slice_args;
/* Of one axis the elements start .. stop - 1. At least one must be left. */
GLIA_API glia_value glia_model_slice(glia_model *model, glia_value x, const glia_slice_args *args);

typedef struct glia_concat_args {
    const char *name;
    int axis;
} glia_concat_args;
/* count is 1 to 32. */
GLIA_API glia_value glia_model_concat(glia_model *model, const glia_value *values, int count,
                                      const glia_concat_args *args);

/* With broadcasting. */
GLIA_API glia_value glia_model_add(glia_model *model, glia_value a, glia_value b, const glia_layer_args *args);
GLIA_API glia_value glia_model_multiply(glia_model *model, glia_value a, glia_value b, const glia_layer_args *args);

#ifdef __cplusplus
}
#endif
#endif
