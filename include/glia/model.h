/* Models: layers with weights, compiled with a loss and an optimizer, fitted to a dataset.
 *
 * A layer function takes values and gives a value; building never needs a check after each layer. A layer that fails
 * gives an invalid value, later layers pass it on, and glia_model_compile returns the first failure with the layer's
 * name. Shapes are those of one sample: the batch dimension is added in front, by the model. */
#ifndef GLIA_MODEL_H
#define GLIA_MODEL_H

#include <stdio.h>

#include "glia/data.h"
#include "glia/graph.h"
#include "glia/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_model glia_model;

typedef struct glia_model_args {
    glia_dtype dtype; /* of weights and activations: f32, or f64, which only the reference computes */
} glia_model_args;

/* args may be NULL. Initial weights and dropout masks follow from the context's seed and the order of the layers: two
 * models built alike in one context start alike. */
GLIA_API glia_status glia_model_create(glia_context *ctx, const glia_model_args *args, glia_model **out);
GLIA_API void glia_model_destroy(glia_model *model); /* NULL is allowed */

/* GLIA_OK, or the first failure of a function that gives a value. */
GLIA_API glia_status glia_model_status(const glia_model *model);

/* ---- Initial weights --------------------------------------------------------------------------------------------- */

/* fan_in and fan_out: of a dense layer its inputs and units; of a convolution the products for one output, and for one
 * input, R S C/G and R S K/G. Sources: Glorot and Bengio, AISTATS 2010; He et al., ICCV 2015; Saxe et al., ICLR 2014.
 */
typedef enum glia_init_kind {
    GLIA_INIT_DEFAULT, /* of the layer: Glorot uniform for weights, zeros for biases, ones for scales */
    GLIA_INIT_ZEROS,
    GLIA_INIT_CONSTANT,         /* a */
    GLIA_INIT_UNIFORM,          /* [a, b), a below b: no default */
    GLIA_INIT_NORMAL,           /* mean a, standard deviation b, positive: no default */
    GLIA_INIT_TRUNCATED_NORMAL, /* the same, drawn again beyond two standard deviations */
    GLIA_INIT_GLOROT_UNIFORM,   /* +- sqrt(6 / (fan_in + fan_out)) */
    GLIA_INIT_GLOROT_NORMAL,    /* standard deviation sqrt(2 / (fan_in + fan_out)) */
    GLIA_INIT_HE_UNIFORM,       /* +- sqrt(6 / fan_in) */
    GLIA_INIT_HE_NORMAL,        /* standard deviation sqrt(2 / fan_in) */
    GLIA_INIT_ORTHOGONAL        /* rows or columns orthonormal, times a [1] */
} glia_init_kind;

typedef struct glia_init {
    glia_init_kind kind;
    double a, b;
} glia_init;

/* ---- Inputs and weights ------------------------------------------------------------------------------------------ */

/* An input of the model's dtype; shape without the batch. Inputs take the dataset's inputs in the order of their calls.
 */
GLIA_API glia_value glia_model_input(glia_model *model, const char *name, glia_shape shape);

/* The same for indices, such as the words of an embedding: i32 or i64. */
GLIA_API glia_value glia_model_index_input(glia_model *model, const char *name, glia_dtype dtype, glia_shape shape);

typedef struct glia_parameter_args {
    glia_init init;
    int64_t fan_in, fan_out; /* for Glorot and He; default: the last dimension and the first */
    bool frozen;
} glia_parameter_args;

/* A weight for ops of your own; use the value several times to share it. */
GLIA_API glia_value glia_model_parameter(glia_model *model, const char *name, glia_shape shape,
                                         const glia_parameter_args *args);

/* Any op by its name, as glia_graph_call; the leading dimension of values that come from inputs is the batch. */
GLIA_API glia_value glia_model_op(glia_model *model, const char *op, const void *params, const glia_value *in, int n_in,
                                  glia_value *out, int n_out);

/* ---- Layers. In each: name NULL makes "conv2d", "conv2d_1", ...; args NULL is all defaults where that makes sense
 * ---- */

/* Where the zeros around an image go. */
typedef enum glia_padding {
    GLIA_PAD_EXPLICIT,  /* as pad and pad_end say */
    GLIA_PAD_SAME,      /* P = ceil(H / stride); the odd one at the end (Keras, ONNX SAME_UPPER) */
    GLIA_PAD_SAME_LOWER /* the odd one at the start */
} glia_padding;

typedef struct glia_dense_args {
    const char *name;
    int units;
    glia_unary_kind activation;
    bool no_bias, frozen;
    glia_init weight_init, bias_init;
} glia_dense_args;
/* y[...,u] = act(bias[u] + sum over k of x[...,k] weight[u,k]): of a sequence [T,K] each step on its own, as Keras'
 * TimeDistributed. Weights: NAME.weight [U,K], NAME.bias [U]. */
GLIA_API glia_value glia_model_dense(glia_model *model, glia_value x, const glia_dense_args *args);

typedef struct glia_conv2d_args {
    const char *name;
    int filters;
    int kernel[2];
    int stride[2], pad[2], pad_end[2], dilation[2], groups; /* as glia_conv2d_params */
    glia_padding padding;
    glia_unary_kind activation;
    bool no_bias, frozen;
    glia_init weight_init, bias_init;
} glia_conv2d_args;
/* x: [C,H,W]. Weights: NAME.weight [K,C/G,R,S], NAME.bias [K]. */
GLIA_API glia_value glia_model_conv2d(glia_model *model, glia_value x, const glia_conv2d_args *args);

/* The layers over one dimension take x: [C,L], as PyTorch has it, and give y alike. With steps_first both are [T,C], as
 * embeddings and recurrent layers have them. */
typedef struct glia_conv1d_args {
    const char *name;
    int filters, kernel;
    int stride, pad, pad_end, dilation, groups; /* as glia_conv1d_params */
    glia_padding padding;
    glia_unary_kind activation;
    bool steps_first;
    bool no_bias, frozen;
    glia_init weight_init, bias_init;
} glia_conv1d_args;
/* Weights: NAME.weight [K,C/G,S], NAME.bias [K]. With .pad = dilation (kernel - 1) and .pad_end = GLIA_NO_PAD it is
 * causal: no step sees a later one. */
GLIA_API glia_value glia_model_conv1d(glia_model *model, glia_value x, const glia_conv1d_args *args);

typedef struct glia_conv2d_transpose_args {
    const char *name;
    int filters;
    int kernel[2];
    int stride[2], pad[2], pad_end[2], output_pad[2], dilation[2], groups;
    glia_unary_kind activation;
    bool no_bias, frozen;
    glia_init weight_init, bias_init;
} glia_conv2d_transpose_args;
/* x: [C,H,W]. Weights: NAME.weight [C,K/G,R,S], NAME.bias [K]. */
GLIA_API glia_value glia_model_conv2d_transpose(glia_model *model, glia_value x,
                                                const glia_conv2d_transpose_args *args);

typedef struct glia_pool2d_args {
    const char *name;
    int kernel[2];
    int stride[2]; /* default: kernel */
    int pad[2], pad_end[2], dilation[2];
    glia_padding padding;
    bool ceil_mode, count_include_pad;
} glia_pool2d_args;
GLIA_API glia_value glia_model_max_pool2d(glia_model *model, glia_value x, const glia_pool2d_args *args);
GLIA_API glia_value glia_model_avg_pool2d(glia_model *model, glia_value x,
                                          const glia_pool2d_args *args); /* no dilation */
GLIA_API glia_value glia_model_adaptive_max_pool2d(glia_model *model, glia_value x, int rows, int columns);
GLIA_API glia_value glia_model_adaptive_avg_pool2d(glia_model *model, glia_value x, int rows, int columns);
GLIA_API glia_value glia_model_global_max_pool2d(glia_model *model, glia_value x); /* [C,H,W] -> [C] */
GLIA_API glia_value glia_model_global_avg_pool2d(glia_model *model, glia_value x);

typedef struct glia_pool1d_args {
    const char *name;
    int kernel;
    int stride; /* default: kernel */
    int pad, pad_end, dilation;
    glia_padding padding;
    bool steps_first;
    bool ceil_mode, count_include_pad;
} glia_pool1d_args;
GLIA_API glia_value glia_model_max_pool1d(glia_model *model, glia_value x, const glia_pool1d_args *args);
GLIA_API glia_value glia_model_avg_pool1d(glia_model *model, glia_value x,
                                          const glia_pool1d_args *args); /* no dilation */

typedef struct glia_global_pool1d_args {
    const char *name;
    glia_value lengths; /* i32 or i64 []: only the steps before it count, and a sequence without any gives 0 */
    bool steps_first;
} glia_global_pool1d_args;
/* [C,L] or [T,C] -> [C] */
GLIA_API glia_value glia_model_global_max_pool1d(glia_model *model, glia_value x, const glia_global_pool1d_args *args);
GLIA_API glia_value glia_model_global_avg_pool1d(glia_model *model, glia_value x, const glia_global_pool1d_args *args);

typedef struct glia_norm_args {
    const char *name;
    double epsilon;  /* default 1e-5 */
    double momentum; /* of batchnorm's running statistics: new = (1-m) old + m batch; default 0.1 */
    bool population; /* batchnorm's running variance divides by n (ONNX, Keras), not by n-1 (PyTorch) */
    int groups;      /* of groupnorm */
    int dims;        /* of layernorm: how many trailing dimensions; default 1 */
    bool no_scale;   /* without weight and bias */
    bool frozen;     /* batchnorm: uses and keeps the running statistics in training too */
} glia_norm_args;
/* Weights: NAME.weight, NAME.bias; batchnorm also NAME.running_mean, NAME.running_var. */
GLIA_API glia_value glia_model_batchnorm(glia_model *model, glia_value x, const glia_norm_args *args);
GLIA_API glia_value glia_model_layernorm(glia_model *model, glia_value x, const glia_norm_args *args);
GLIA_API glia_value glia_model_groupnorm(glia_model *model, glia_value x, const glia_norm_args *args);
GLIA_API glia_value glia_model_instancenorm(glia_model *model, glia_value x, const glia_norm_args *args);

typedef struct glia_embedding_args {
    const char *name;
    int64_t count, size; /* rows of the table, and their length */
    bool has_padding;    /* row padding_index starts as zeros and gets no gradient */
    int64_t padding_index;
    bool frozen;
    glia_init weight_init; /* default: normal, standard deviation 1 */
} glia_embedding_args;
/* x: indices [...], where a negative one counts from the end: -1 is the last row; y: [...,size].
 * Weights: NAME.weight [count,size]. */
GLIA_API glia_value glia_model_embedding(glia_model *model, glia_value x, const glia_embedding_args *args);

typedef struct glia_rnn_args {
    const char *name;
    int units;     /* H */
    int layers;    /* one on top of the other; default 1 */
    float dropout; /* of what one layer gives the next, in training */
    glia_rnn_direction direction;
    bool sequence;      /* the outputs of all steps, [T,D R], not the states after the last one, [D R] */
    glia_value lengths; /* an index for each sample: how many of its steps count; id 0: all */
    int stateful_batch; /* each batch goes on with the states that the one before it left, sample by sample, in training
                           and otherwise. All batches have this many samples, which is then the default, and fit
                           takes them .in_order; layers of one model agree. 0: each sample starts with zeros. */
    bool relu;          /* of glia_model_rnn: not tanh */
    bool reset_before;  /* of glia_model_gru, as in glia_rnn_params */
    int projection;     /* of glia_model_lstm: R, below or above H; default none, R = H */
    bool peephole;      /* of glia_model_lstm */
    double cell_clip;   /* of glia_model_lstm, as in glia_rnn_params */
    bool no_bias, frozen;
    glia_init weight_init, recurrent_init, bias_init; /* default: uniform in +- 1 / sqrt(H), as in PyTorch */
} glia_rnn_args;
/* x: [T,I]. What a layer computes stands in glia/ops/rnn.h. Weights are named as in PyTorch: NAME.weight_ih_l0 [G H,I],
 * NAME.weight_hh_l0 [G H,R], NAME.bias_ih_l0 and NAME.bias_hh_l0 [G H], NAME.weight_hr_l0 [R,H] of a projection, and
 * NAME.peephole_l0 [3,H]; of the next layers l1, l2, ..., of the reverse direction NAME.weight_ih_l0_reverse and so on.
 * States that are kept are NAME.h_l0 [D,N,R] and NAME.c_l0 [D,N,H]. */
GLIA_API glia_value glia_model_rnn(glia_model *model, glia_value x, const glia_rnn_args *args);
GLIA_API glia_value glia_model_lstm(glia_model *model, glia_value x, const glia_rnn_args *args);
GLIA_API glia_value glia_model_gru(glia_model *model, glia_value x, const glia_rnn_args *args);

/* Sets the states that layers with a stateful_batch keep to zero: before other sequences begin. */
GLIA_API glia_status glia_model_reset_states(glia_model *model);

/* In training, each element is 0 with probability p, else divided by 1-p; otherwise the identity. */
GLIA_API glia_value glia_model_dropout(glia_model *model, glia_value x, float p);

GLIA_API glia_value glia_model_activation(glia_model *model, glia_value x,
                                          glia_unary_kind kind); /* default alpha, beta; not clip, which has none */
GLIA_API glia_value glia_model_prelu(glia_model *model, glia_value x, const char *name); /* one slope a channel, 0.25 */
GLIA_API glia_value glia_model_softmax(glia_model *model, glia_value x);                 /* over the last dimension */
GLIA_API glia_value glia_model_log_softmax(glia_model *model, glia_value x);
GLIA_API glia_value glia_model_flatten(glia_model *model, glia_value x);                   /* to one dimension */
GLIA_API glia_value glia_model_reshape(glia_model *model, glia_value x, glia_shape shape); /* one -1 is allowed */
GLIA_API glia_value glia_model_add(glia_model *model, glia_value a, glia_value b);         /* broadcasts */
GLIA_API glia_value glia_model_multiply(glia_model *model, glia_value a, glia_value b);
GLIA_API glia_value glia_model_concat(glia_model *model, const glia_value *values, int count,
                                      int axis); /* 0: the first after the batch */

/* Axes count from 0, the first after the batch; negative ones from the end. */

/* Exchanges two axes: (x, 0, 1) makes the steps' logits [T,C] of a dense layer the [C,T] that a cross-entropy takes. */
GLIA_API glia_value glia_model_transpose(glia_model *model, glia_value x, int a, int b);

/* Of one axis the elements start .. stop - 1; negative: from the end; stop 0: to the end. At least one must be left. */
GLIA_API glia_value glia_model_slice(glia_model *model, glia_value x, int axis, int start, int stop);

/* ---- Sequences [T,...] ------------------------------------------------------------------------------------------- */

GLIA_API glia_value glia_model_step(glia_model *model, glia_value x, int step);    /* [T,...] -> [...]; -1: the last */
GLIA_API glia_value glia_model_repeat(glia_model *model, glia_value x, int times); /* [...] -> [times,...] */

/* How long each sequence is before its padding: of tokens [T], or of steps [T,...] whose elements all equal padding.
 * i32 [], for the layers that take lengths; see glia_sequence_lengths. */
GLIA_API glia_value glia_model_lengths(glia_model *model, glia_value x, double padding);

/* x in the steps before the length, value in those behind. A length outside of 0 .. T is an error when it is met. */
GLIA_API glia_value glia_model_mask(glia_model *model, glia_value x, glia_value lengths, double value);

/* ---- Outputs, losses, optimizers --------------------------------------------------------------------------------- */

typedef enum glia_model_loss {
    GLIA_NO_LOSS,
    GLIA_CROSS_ENTROPY,             /* of logits [C,...]; targets: class indices [...], or probabilities [C,...] */
    GLIA_CATEGORICAL_CROSS_ENTROPY, /* the same of probabilities, such as those of a softmax layer */
    GLIA_NEGATIVE_LOG_LIKELIHOOD,   /* the same of log-probabilities */
    GLIA_MEAN_SQUARED_ERROR,
    GLIA_MEAN_ABSOLUTE_ERROR,
    GLIA_HUBER_LOSS,
    GLIA_BINARY_CROSS_ENTROPY, /* of probabilities */
    GLIA_BINARY_CROSS_ENTROPY_FROM_LOGITS,
    GLIA_KL_DIVERGENCE /* of log-probabilities, to target probabilities; the sum over the classes, the mean over the
                          batch */
} glia_model_loss;

typedef enum glia_metric {
    GLIA_METRIC_DEFAULT, /* accuracy for the cross-entropies, binary accuracy for the binary ones, else none */
    GLIA_METRIC_NONE,
    GLIA_METRIC_ACCURACY,        /* the class with the largest output; two or more classes */
    GLIA_METRIC_BINARY_ACCURACY, /* the threshold is a probability of 0.5 */
    GLIA_METRIC_TOP_K,
    GLIA_METRIC_MSE,
    GLIA_METRIC_MAE
} glia_metric;

enum { GLIA_MAX_METRICS = 4, GLIA_MAX_OUTPUTS = 8 };

/* What is made of one output. */
typedef struct glia_output_args {
    glia_model_loss loss;
    glia_reduction reduction; /* mean or sum */
    float weight;             /* of this loss among several; default 1 */
    double delta;             /* of Huber; default 1 */
    double label_smoothing;   /* of the cross-entropies, as the next three */
    bool ignore;              /* targets equal to ignore_index do not count */
    int64_t ignore_index;
    const float *class_weight; /* one for each class, none negative, copied; or NULL */
    glia_metric metrics[GLIA_MAX_METRICS];
    int top_k; /* default 5 */
} glia_output_args;

/* Adds an output; outputs take the dataset's targets in the order of their calls, skipping those without a loss. */
GLIA_API glia_status glia_model_output(glia_model *model, glia_value value, const glia_output_args *args);

typedef enum glia_optimizer {
    GLIA_SGD,
    GLIA_MOMENTUM,
    GLIA_NESTEROV,
    GLIA_ADAGRAD,
    GLIA_RMSPROP,
    GLIA_ADAM,
    GLIA_ADAMW
} glia_optimizer;

/* loss, metrics and so on are those of `output`; see glia_output_args. */
typedef struct glia_compile_args {
    glia_model_loss loss;
    glia_reduction reduction;
    glia_metric metrics[GLIA_MAX_METRICS];
    glia_optimizer optimizer;
    double learning_rate;    /* default 1e-3 for Adam, AdamW, RMSprop; 1e-2 for the others */
    double momentum;         /* default 0.9 for momentum and Nesterov; also of RMSprop; the others have none */
    double beta1, beta2;     /* of Adam: default 0.9, 0.999. beta2 is also RMSprop's smoothing: default 0.99 */
    double epsilon;          /* default 1e-8; Adagrad: 1e-10 */
    double l1, l2;           /* penalties: gradient + l1 sign(w) + l2 w; AdamW: w - rate l2 w */
    double clip_value;       /* gradients to +- this */
    double clip_norm;        /* each weight's gradient to this norm */
    double clip_global_norm; /* all gradients together to this norm */
} glia_compile_args;

/* Checks the model, lays out its weights and initialises those that have no values yet. `output` with id 0: outputs
 * were added by glia_model_output. May be called again, with weights kept, for example after glia_model_freeze; the
 * optimizer starts anew. Has to be called again after an input, a weight, a layer or an output was added. A call that
 * fails leaves the model as it was. args may be NULL: Adam, no loss. */
GLIA_API glia_status glia_model_compile(glia_model *model, glia_value output, const glia_compile_args *args);

/* Freezes (or thaws) a layer, or a weight, by name. Takes effect at the next compile. */
GLIA_API glia_status glia_model_freeze(glia_model *model, const char *name, bool frozen);

GLIA_API glia_status glia_model_set_learning_rate(glia_model *model, double rate); /* between epochs or steps */

/* A table of layers, output shapes and weights. */
GLIA_API glia_status glia_model_summary(const glia_model *model, FILE *file);

/* ---- Weights by name. Dense row-major, in the model's dtype; bytes must match -------------------------------------
 */

GLIA_API glia_status glia_model_set(glia_model *model, const char *name, const void *values, size_t bytes);
GLIA_API glia_status glia_model_get(const glia_model *model, const char *name, void *values, size_t bytes);
GLIA_API int glia_model_weight_count(const glia_model *model);
GLIA_API const char *glia_model_weight_name(const glia_model *model, int index); /* NULL: out of range */
GLIA_API glia_shape glia_model_weight_shape(const glia_model *model, int index);

/* ---- Training ------------------------------------------------------------------------------------------------------
 */

typedef struct glia_result {
    double loss; /* mean over the samples */
    int n_metrics;
    const char *metric_name[GLIA_MAX_METRICS * GLIA_MAX_OUTPUTS];
    double metric[GLIA_MAX_METRICS * GLIA_MAX_OUTPUTS];
} glia_result;

typedef struct glia_epoch {
    int epoch, epochs;   /* from 1 */
    double seconds;      /* of training, without validation */
    double host_seconds; /* of these, until the host had started the last step; the rest it waited for the device */
    int64_t steps;       /* taken in this epoch */
    size_t plan_bytes;   /* of the arena of a step with a full batch */
    glia_result train;   /* of the passes that trained, so with dropout */
    bool has_validation;
    glia_result validation;
} glia_epoch;

typedef enum glia_progress {
    GLIA_PROGRESS_NONE,
    GLIA_PROGRESS_AUTO, /* a bar if standard output is a terminal, else a line an epoch */
    GLIA_PROGRESS_LINES
} glia_progress;

typedef struct glia_fit_args {
    int epochs;               /* default 1 */
    int batch_size;           /* default 32; the last batch of an epoch may be smaller */
    glia_dataset *validation; /* evaluated after each epoch */
    bool in_order;            /* without shuffling */
    glia_progress progress;   /* on standard output */
    /* After each epoch; another result than GLIA_OK ends fit, which returns it. The message names the result, and goes
     * on with the message of a call that failed in the callback. */
    glia_status (*on_epoch)(void *user, const glia_epoch *epoch);
    void *user;
} glia_fit_args;

/* Trains. What does not fit, also of the validation data and the last batch, fails before the first step; labels out of
 * range, and what a generator returns, when they are met. The order of samples and the dropout masks follow from the
 * context's seed and from how many epochs and steps the model has had, so that two runs give the same bits. args may be
 * NULL. */
GLIA_API glia_status glia_model_fit(glia_model *model, glia_dataset *data, const glia_fit_args *args);

/* batch_size 0: 256. */
GLIA_API glia_status glia_model_evaluate(glia_model *model, glia_dataset *data, int batch_size, glia_result *out);

/* The first output for every sample of data, [count, ...] in the model's dtype. batch_size 0: 256. */
GLIA_API glia_status glia_model_predict(glia_model *model, glia_dataset *data, int batch_size, void *out, size_t bytes);

/* All outputs, in their order. */
GLIA_API glia_status glia_model_predict_all(glia_model *model, glia_dataset *data, int batch_size, void *const *out,
                                            const size_t *bytes, int n_out);

/* counts[target * classes + predicted] of the first output's classes, without targets that its loss ignores; bytes:
 * classes * classes * 8. The first output needs a loss, and so a target. */
GLIA_API glia_status glia_model_confusion_matrix(glia_model *model, glia_dataset *data, int batch_size, int64_t *counts,
                                                 size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
