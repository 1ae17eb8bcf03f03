/* Models: layers with weights (glia/layers.h), trained and run over datasets (glia/train.h).
 *
 * A layer function takes values and gives a value; building never needs a check after each layer. A layer that fails
 * gives an invalid value, later layers pass it on, and glia_model_compile returns the first failure with the layer's
 * name. Shapes are those of one sample: the batch dimension is added in front, by the model. */
#ifndef GLIA_MODEL_H
#define GLIA_MODEL_H

#include <stdio.h>

#include "glia/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_model glia_model;

typedef struct glia_model_args {
    /* Of weights and activations: f32, or f64, which only the reference computes. Or bf16 or f16, for mixed precision:
     * activations and their gradients are of this dtype; weights, what optimizers do with their gradients, losses,
     * metrics and predictions are f32, in this program and in files, and layers read a copy of the weights. f16 trains
     * with a loss scale. docs/training.md */
    glia_dtype dtype;
} glia_model_args;

/* args may be NULL. Initial weights and dropout masks follow from the context's seed and the order of the layers: two
 * models built alike in one context start alike. */
GLIA_API glia_status glia_model_create(glia_context *ctx, const glia_model_args *args, glia_model **out);
GLIA_API void glia_model_destroy(glia_model *model); /* NULL is allowed */

/* GLIA_OK, or the first failure of a function that gives a value. */
GLIA_API glia_status glia_model_status(const glia_model *model);

/* A table of layers with their output shapes, weights, and the params of their ops (glia/ops/X.h) that differ from the
 * defaults. */
GLIA_API glia_status glia_model_summary(const glia_model *model, FILE *file);

/* A number that may be left out, for fields where zero is a number like others: .epsilon = GLIA_SET(0). */
typedef struct glia_optional {
    bool set;
    double value;
} glia_optional;
#ifdef __cplusplus
#define GLIA_SET(number) (glia_optional{true, static_cast<double>(number)})
#else
#define GLIA_SET(number) ((glia_optional){true, (number)})
#endif

/* ---- Inputs and weights ---- */

/* An input of the model's dtype, to which data of f32 or u8 is converted; shape without the batch. Inputs take the
 * dataset's inputs in the order of their calls.
 */
GLIA_API glia_value glia_model_input(glia_model *model, const char *name, glia_shape shape);

/* The same for indices, such as the words of an embedding: i32 or i64. */
GLIA_API glia_value glia_model_index_input(glia_model *model, const char *name, glia_dtype dtype, glia_shape shape);

/* Initial weights. fan_in and fan_out: of a dense layer its inputs and units; of a convolution the products for one
 * output, and for one input, R S C/G and R S K/G. Sources: Glorot and Bengio, AISTATS 2010; He et al., ICCV 2015; Saxe
 * et al., ICLR 2014. */
typedef enum glia_init_kind {
    GLIA_INIT_DEFAULT, /* of the layer: Glorot uniform for weights, zeros for biases, ones for scales */
    GLIA_INIT_ZEROS,
    GLIA_INIT_CONSTANT,         /* a */
    GLIA_INIT_UNIFORM,          /* [a, b), a below b */
    GLIA_INIT_NORMAL,           /* mean a, standard deviation b, positive */
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

/* Freezes (or thaws) a layer, or a weight, by name. Takes effect at the next compile. */
GLIA_API glia_status glia_model_freeze(glia_model *model, const char *name, bool frozen);

/* For a layer's weights, or one weight, by name, from the next compile on: the learning rate times `scale`, 0 to 1e6;
 * and penalties instead of the optimizer's weight_decay and l1 (glia/ops/optimizer.h). As the optimizer's own, these
 * are in the gradient after clipping, or with a decoupled weight_decay in the step, and not in the loss. So biases are
 * left out of the optimizer's penalty:
 *
 *     for (int i = 0; i < glia_model_weight_count(net); ++i)
 *         if (glia_model_weight_shape(net, i).ndim == 1)
 *             GLIA_TRY(glia_model_set_penalties(net, glia_model_weight_name(net, i), 0, 0));
 */
GLIA_API glia_status glia_model_set_rate_scale(glia_model *model, const char *name, double scale);
GLIA_API glia_status glia_model_set_penalties(glia_model *model, const char *name, double weight_decay, double l1);

/* ---- Weights by name: dense row-major, in the model's dtype, but f32 of bf16 and f16; bytes must match ---- */

GLIA_API glia_status glia_model_set(glia_model *model, const char *name, const void *values, size_t bytes);
GLIA_API glia_status glia_model_get(const glia_model *model, const char *name, void *values, size_t bytes);
GLIA_API int glia_model_weight_count(const glia_model *model);
GLIA_API const char *glia_model_weight_name(const glia_model *model, int index); /* NULL: out of range */
GLIA_API glia_shape glia_model_weight_shape(const glia_model *model, int index);

/* Sets the states that layers with a stateful_batch keep to zero: before other sequences begin. */
GLIA_API glia_status glia_model_reset_states(glia_model *model);

#ifdef __cplusplus
}
#endif
#endif
