/* Normalisation and dropout. */
#include "glia/ops/norm.h"

#include <string.h>

#include "core/dtype.h"
#include "glia/ops/elementwise.h"
#include "glia/ops/pool.h"
#include "glia/ops/random.h"
#include "glia/ops/reduce.h"
#include "nn/model_impl.h"
#include "onnx/onnx_map.h"

/* Statistics of the batch, which a graph computes where the file says so. */
static void train_batchnorm(gli_onnx_node *node, const glia_batchnorm_params *params, gli_onnx_value *const *in) {
    gli_onnx_value *out[5]; /* y, mean, rstd, new_running_mean, new_running_var */
    if (gli_onnx_call_all(node, &gli_op_batchnorm, params, 5, in, 5, out) != GLIA_OK) return;
    gli_onnx_give(node, 0, out[0]);
    gli_onnx_give(node, 1, out[3]);
    gli_onnx_give(node, 2, out[4]);
}

void gli_onnx_map_batchnorm(gli_onnx_node *node) {
    gli_onnx_value *in[5];
    const bool training = gli_onnx_int(node, "training_mode", 0) != 0;
    gli_onnx_ignore(node, "consumed_inputs");
    GLI_ONNX_REQUIRE(node, node->version > 6 || gli_onnx_int(node, "is_test", 0) != 0, GLIA_UNSUPPORTED,
                     "is_test is 0, as version 6 has training");
    GLI_ONNX_REQUIRE(node, gli_onnx_int(node, "spatial", 1) != 0, GLIA_UNSUPPORTED, "spatial is 0");
    for (int i = 0; i < 5; ++i) {
        in[i] = gli_onnx_in(node, i);
        GLI_ONNX_REQUIRE(node, in[i], GLIA_BAD_FORMAT, "input %d is absent", i);
    }
    glia_batchnorm_params params = {.epsilon    = gli_onnx_float(node, "epsilon", 1e-5),
                                    .momentum   = 1 - gli_onnx_float(node, "momentum", 0.9),
                                    .population = true,
                                    .activation = GLIA_LINEAR};
    if (node->im->model) {
        gli_onnx_give(node, 0, gli_onnx_call(node, &gli_op_batchnorm, &params, 5, in));
    } else if (training) {
        train_batchnorm(node, &params, in);
    } else {
        const glia_batchnorm_inference_params inference = {.epsilon = params.epsilon};
        gli_onnx_give(node, 0, gli_onnx_call(node, &gli_op_batchnorm_inference, &inference, 5, in));
    }
}

/* The dimensions before the axis, and ones. */
static gli_onnx_value *keep_dims(gli_onnx_node *node, gli_onnx_value *x, const gli_onnx_value *like, int axis) {
    gli_onnx_shape shape = {0};
    gli_onnx_copy_dims(&shape, like, 0, axis);
    for (int i = axis; i < like->is.ndim; ++i) gli_onnx_add_dim(&shape, 1, 1);
    return gli_onnx_reshape(node, x, &shape);
}

void gli_onnx_map_layernorm(gli_onnx_node *node) {
    gli_onnx_value *in[] = {gli_onnx_in(node, 0), gli_onnx_in(node, 1), gli_onnx_in(node, 2)}, *out[3];
    GLI_ONNX_REQUIRE(node, in[0], GLIA_BAD_FORMAT, "it has no x");
    const int axis = gli_onnx_axis(node, gli_onnx_int(node, "axis", -1), in[0]->is.ndim);
    gli_onnx_ignore(node, "stash_type"); /* statistics are f32 or f64 */
    const glia_layernorm_params params = {.dims    = in[0]->is.ndim - axis,
                                          .epsilon = gli_onnx_float(node, "epsilon", 1e-5)};
    const bool statistics              = gli_onnx_wants(node, 1) || gli_onnx_wants(node, 2);
    if (gli_onnx_call_all(node, &gli_op_layernorm, &params, 3, in, statistics ? 3 : 1, out) != GLIA_OK) return;
    gli_onnx_give(node, 0, out[0]);
    for (int i = 1; i < 3 && statistics && i < node->n_out; ++i)
        gli_onnx_give(node, i, keep_dims(node, out[i], in[0], axis));
}

void gli_onnx_map_instancenorm(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0), *scale = gli_onnx_in(node, 1), *bias = gli_onnx_in(node, 2);
    GLI_ONNX_REQUIRE(node, x && x->is.ndim > 2, GLIA_BAD_FORMAT, "its image has no dimensions");
    const glia_groupnorm_params params = {.groups  = (int)x->is.dim[1],
                                          .epsilon = gli_onnx_float(node, "epsilon", 1e-5)};
    gli_onnx_give(node, 0, gli_onnx_call(node, &gli_op_groupnorm, &params, GLI_ONNX_VALUES(x, scale, bias)));
}

void gli_onnx_map_groupnorm(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0), *scale = gli_onnx_in(node, 1), *bias = gli_onnx_in(node, 2);
    const int64_t groups = gli_onnx_int(node, "num_groups", 0);
    gli_onnx_ignore(node, "stash_type");
    GLI_ONNX_REQUIRE(node, x && groups > 0 && groups <= INT32_MAX, GLIA_BAD_FORMAT, "num_groups is %lld",
                     (long long)groups);
    const glia_groupnorm_params params = {.groups = (int)groups, .epsilon = gli_onnx_float(node, "epsilon", 1e-5)};
    gli_onnx_give(node, 0, gli_onnx_call(node, &gli_op_groupnorm, &params, GLI_ONNX_VALUES(x, scale, bias)));
}

static unsigned axes_from(int axis, int ndim) {
    unsigned axes = 0;
    for (int i = axis; i < ndim; ++i) axes |= GLIA_AXIS(i);
    return axes;
}

/* x / sqrt(mean of x^2 + epsilon) scale */
void gli_onnx_map_rmsnorm(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0), *scale = gli_onnx_in(node, 1);
    GLI_ONNX_REQUIRE(node, x && scale, GLIA_BAD_FORMAT, "it has x and a scale");
    const int axis = gli_onnx_axis(node, gli_onnx_int(node, "axis", -1), x->is.ndim);
    gli_onnx_ignore(node, "stash_type");
    gli_onnx_value *square = gli_onnx_unary(node, GLIA_UNARY_SQUARE, 0, 0, x);
    gli_onnx_value *mean   = gli_onnx_reduce(node, GLIA_REDUCE_MEAN, axes_from(axis, x->is.ndim), true, square);
    mean                   = gli_onnx_shift(node, mean, gli_onnx_float(node, "epsilon", 1e-5));
    mean                   = gli_onnx_unary(node, GLIA_UNARY_SQRT, 0, 0, mean);
    gli_onnx_give(node, 0,
                  gli_onnx_binary(node, GLIA_BINARY_MUL, gli_onnx_binary(node, GLIA_BINARY_DIV, x, mean), scale));
}

/* (x - mean) / (sqrt(mean of (x - mean)^2) + 1e-9) over the axes */
void gli_onnx_map_mvn(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    int64_t numbers[GLIA_MAX_DIMS];
    unsigned axes = 0;
    int n         = gli_onnx_ints(node, "axes", GLIA_MAX_DIMS, numbers);
    GLI_ONNX_REQUIRE(node, x, GLIA_BAD_FORMAT, "it has no x");
    if (n < 0) {
        n = 3;
        memcpy(numbers, (int64_t[]){0, 2, 3}, 3 * sizeof *numbers);
    }
    for (int i = 0; i < n; ++i) axes |= GLIA_AXIS(gli_onnx_axis(node, numbers[i], x->is.ndim));
    gli_onnx_value *centred =
        gli_onnx_binary(node, GLIA_BINARY_SUB, x, gli_onnx_reduce(node, GLIA_REDUCE_MEAN, axes, true, x));
    gli_onnx_value *square = gli_onnx_unary(node, GLIA_UNARY_SQUARE, 0, 0, centred);
    gli_onnx_value *std =
        gli_onnx_unary(node, GLIA_UNARY_SQRT, 0, 0, gli_onnx_reduce(node, GLIA_REDUCE_MEAN, axes, true, square));
    gli_onnx_give(node, 0, gli_onnx_binary(node, GLIA_BINARY_DIV, centred, gli_onnx_shift(node, std, 1e-9)));
}

/* x / (bias + alpha / size sum of x^2 over `size` channels)^beta: the channels are rows of an image, whose average a
 * pooling takes, zeros around it included. */
void gli_onnx_map_lrn(gli_onnx_node *node) {
    gli_onnx_value *x  = gli_onnx_in(node, 0);
    const int64_t size = gli_onnx_int(node, "size", 0);
    const double alpha = gli_onnx_float(node, "alpha", 1e-4), beta = gli_onnx_float(node, "beta", 0.75),
                 bias = gli_onnx_float(node, "bias", 1);
    GLI_ONNX_REQUIRE(node, x && x->is.ndim > 1 && size > 0 && size < 1 << 20, GLIA_BAD_FORMAT, "size is %lld",
                     (long long)size);
    gli_onnx_shape rows = {0}, whole = gli_onnx_shape_of(x);
    gli_onnx_copy_dims(&rows, x, 0, 1);
    gli_onnx_add_dim(&rows, 1, 1);
    gli_onnx_copy_dims(&rows, x, 1, 2);
    gli_onnx_merge_dims(&rows, x, 2, x->is.ndim);
    glia_avg_pool2d_params params = glia_avg_pool2d_defaults((int)size, 1);
    params.stride[0]              = 1;
    params.pad[0]                 = (int)(size - 1) / 2;
    params.pad_end[0]             = (int)(size - 1) - params.pad[0];
    params.count_include_pad      = true;
    gli_onnx_value *square        = gli_onnx_reshape(node, gli_onnx_unary(node, GLIA_UNARY_SQUARE, 0, 0, x), &rows);
    if (!square) return;
    gli_onnx_value *sum = gli_onnx_call(node, &gli_op_avg_pool2d, &params, GLI_ONNX_VALUES(square));
    sum                 = gli_onnx_shift(node, gli_onnx_scale(node, gli_onnx_reshape(node, sum, &whole), alpha), bias);
    sum                 = gli_onnx_binary(node, GLIA_BINARY_POW, sum, gli_onnx_number(node, sum, beta));
    gli_onnx_give(node, 0, gli_onnx_binary(node, GLIA_BINARY_DIV, x, sum));
}

/* ---- Dropout ---- */

static gli_onnx_value *kept_all(gli_onnx_node *node, const gli_onnx_value *x) {
    if (node->im->batched) return gli_onnx_fail(node, GLIA_UNSUPPORTED, "a mask in a model");
    /* From version 10 on a mask is bool. */
    const int type       = node->version >= 10 ? ONNX__TENSOR_PROTO__DATA_TYPE__BOOL : x->type;
    gli_onnx_value *mask = gli_onnx_constant(node, type, x->is.ndim, x->is.dim);
    if (!mask) return NULL;
    for (int64_t i = 0, n = gli_count(&mask->is); i < n; ++i) gli_store(mask->is.dtype, mask->constant->data, i, 1);
    return mask;
}

/* A graph runs it as in inference, but for a file that asks for training; a model drops when it is trained. */
void gli_onnx_map_dropout(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    double ratio      = gli_onnx_float(node, "ratio", 0.5);
    GLI_ONNX_REQUIRE(node, x, GLIA_BAD_FORMAT, "it has no x");
    gli_onnx_ignore(node, "seed");
    if (node->version < 7) gli_onnx_ignore(node, "is_test");
    if (gli_onnx_in(node, 1)) ratio = gli_onnx_known_number(node, 1, "ratio");
    const bool training = gli_onnx_in(node, 2) && gli_onnx_known_number(node, 2, "training_mode") != 0;
    GLI_ONNX_REQUIRE(node, node->im->model || !training || ratio == 0, GLIA_UNSUPPORTED,
                     "it drops at random: import it into a model to train it");
    if (node->im->model && ratio > 0) {
        const uint32_t stream            = GLI_STREAM_DROPOUT + (uint32_t)node->im->model->n_layers;
        const glia_dropout_params params = {.p = ratio, .stream = stream};
        gli_onnx_give(node, 0, gli_onnx_call(node, &gli_op_dropout, &params, GLI_ONNX_VALUES(x)));
    } else {
        gli_onnx_give(node, 0, x);
    }
    if (gli_onnx_wants(node, 1)) gli_onnx_give(node, 1, kept_all(node, x));
}
