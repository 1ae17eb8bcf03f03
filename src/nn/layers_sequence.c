/* Sequences: their axes, their lengths, and what layers over one dimension share. */
#include "nn/model_impl.h"

static const glia_value invalid = {-1};

bool gli_layer_expect(glia_model *model, glia_value x, int ndim, const char *shape) {
    const glia_tensor *in = gli_model_shape(model, x);
    if (in && in->ndim == ndim) return true;
    if (in)
        gli_model_fail(model, GLIA_SHAPE_MISMATCH, "x is %s, must be %s",
                       gli_shape_text(in->ndim - 1, in->dim + 1, (char[GLI_SHAPE_TEXT]){0}), shape);
    return false;
}

bool gli_layer_expect_steps(glia_model *model, glia_value x) {
    const glia_tensor *in = gli_model_shape(model, x);
    if (in && in->ndim >= 2) return true;
    if (in) gli_model_fail(model, GLIA_SHAPE_MISMATCH, "x is [], must be [T,...]");
    return false;
}

/* Not a value of this model is left to the op. */
bool gli_layer_expect_lengths(glia_model *model, glia_value lengths) {
    const glia_tensor *in = gli_model_shape(model, lengths);
    if (!in || in->ndim == 1) return true;
    gli_model_fail(model, GLIA_SHAPE_MISMATCH, "lengths is %s, must be []: one number for each sample",
                   gli_shape_text(in->ndim - 1, in->dim + 1, (char[GLI_SHAPE_TEXT]){0}));
    return false;
}

static glia_value transpose(glia_model *model, glia_value x, const glia_transpose_params *order) {
    return gli_layer_call_1(model, &gli_op_transpose, order, 1, &x);
}

static glia_value reshape(glia_model *model, glia_value x, const glia_reshape_params *shape) {
    return gli_layer_call_1(model, &gli_op_reshape, shape, 1, &x);
}

glia_value gli_layer_swap(glia_model *model, glia_value x, int a, int b) {
    const glia_tensor *in = gli_model_shape(model, x);
    if (!in) return invalid;
    glia_transpose_params order = {{0}};
    for (int i = 0; i < in->ndim; ++i) order.permutation[i] = i == a ? b : i == b ? a : i;
    return transpose(model, x, &order);
}

/* Steps first, the channels move to their place in an image, where devices that like channels last leave them in
 * memory as they are. */
glia_value gli_layer_to_row(glia_model *model, glia_value x, bool steps_first) {
    const glia_tensor *in = gli_model_shape(model, x);
    if (!in) return invalid;
    if (!steps_first)
        return reshape(model, x, &(glia_reshape_params){.shape = GLIA_SHAPE(-1, in->dim[1], 1, in->dim[2])});
    x = reshape(model, x, &(glia_reshape_params){.shape = GLIA_SHAPE(-1, 1, in->dim[1], in->dim[2])});
    return transpose(model, x, &(glia_transpose_params){{0, 3, 1, 2}});
}

glia_value gli_layer_from_row(glia_model *model, glia_value y, bool steps_first) {
    if (steps_first) y = transpose(model, y, &(glia_transpose_params){{0, 2, 3, 1}});
    const glia_tensor *out = gli_model_shape(model, y);
    if (!out) return invalid;
    const int64_t last = out->dim[3], first = steps_first ? out->dim[2] : out->dim[1];
    return reshape(model, y, &(glia_reshape_params){.shape = GLIA_SHAPE(-1, first, last)});
}

/* The dimension with the batch of an axis as the user counts it; -1, and a failure, where there is none. */
static int dimension_of(glia_model *model, glia_value x, int axis) {
    const int axes = gli_model_shape(model, x)->ndim - 1;
    if (axis >= -axes && axis < axes) return axis < 0 ? axis + axes + 1 : axis + 1;
    gli_model_fail(model, GLIA_INVALID_ARGUMENT, "axis is %d, x has %d besides the batch", axis, axes);
    return -1;
}

glia_value glia_model_transpose(glia_model *model, glia_value x, int a, int b) {
    if (!gli_layer_begin(model, "transpose", NULL, &x, 1, false)) return invalid;
    const int first = dimension_of(model, x, a), second = first < 0 ? -1 : dimension_of(model, x, b);
    return gli_layer_end(model, second < 0 ? invalid : gli_layer_swap(model, x, first, second));
}

static glia_value slice(glia_model *model, glia_value x, int dimension, int start, int stop) {
    glia_slice_params part = {0};
    part.start[dimension]  = start;
    part.stop[dimension]   = stop;
    const glia_value y     = gli_layer_call_1(model, &gli_op_slice, &part, 1, &x);
    const glia_tensor *out = gli_model_shape(model, y);
    if (!out || out->dim[dimension] > 0) return y;
    return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "nothing of axis %d, which has %lld, is from %d to before %d",
                          dimension - 1, (long long)gli_model_shape(model, x)->dim[dimension], start, stop);
}

glia_value glia_model_slice(glia_model *model, glia_value x, int axis, int start, int stop) {
    if (!gli_layer_begin(model, "slice", NULL, &x, 1, false)) return invalid;
    const int dimension = dimension_of(model, x, axis);
    return gli_layer_end(model, dimension < 0 ? invalid : slice(model, x, dimension, start, stop));
}

static glia_value step(glia_model *model, glia_value x, int at) {
    const glia_tensor *in = gli_model_shape(model, x);
    if (!gli_layer_expect_steps(model, x)) return invalid;
    if (at < -in->dim[1] || at >= in->dim[1])
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "step is %d, x has %lld", at, (long long)in->dim[1]);
    glia_reshape_params rest = {.shape = {.ndim = in->ndim - 1, .dim = {-1}}};
    for (int i = 2; i < in->ndim; ++i) rest.shape.dim[i - 1] = in->dim[i];
    return reshape(model, slice(model, x, 1, at, at + 1), &rest);
}

glia_value glia_model_step(glia_model *model, glia_value x, int at) {
    if (!gli_layer_begin(model, "step", NULL, &x, 1, false)) return invalid;
    return gli_layer_end(model, step(model, x, at));
}

static glia_value repeat(glia_model *model, glia_value x, int times) {
    const glia_tensor *in = gli_model_shape(model, x);
    if (times < 1) return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "times is %d, must be positive", times);
    if (in->ndim == GLIA_MAX_DIMS)
        return gli_model_fail(model, GLIA_UNSUPPORTED, "x has %d dimensions besides the batch, one more is too many",
                              in->ndim - 1);
    glia_reshape_params once = {.shape = {.ndim = in->ndim + 1, .dim = {-1, 1}}};
    glia_expand_params often = {.shape = {.ndim = in->ndim + 1, .dim = {-1, times}}};
    for (int i = 1; i < in->ndim; ++i) once.shape.dim[i + 1] = in->dim[i], often.shape.dim[i + 1] = -1;
    const glia_value y = reshape(model, x, &once);
    return gli_layer_call_1(model, &gli_op_expand, &often, 1, &y);
}

glia_value glia_model_repeat(glia_model *model, glia_value x, int times) {
    if (!gli_layer_begin(model, "repeat", NULL, &x, 1, false)) return invalid;
    return gli_layer_end(model, repeat(model, x, times));
}

glia_value glia_model_lengths(glia_model *model, glia_value x, double padding) {
    const glia_sequence_lengths_params params = {.padding = padding, .batch_first = true};
    if (!gli_layer_begin(model, "lengths", NULL, &x, 1, false)) return invalid;
    if (!gli_layer_expect_steps(model, x)) return gli_layer_end(model, invalid);
    return gli_layer_end(model, gli_layer_call_1(model, &gli_op_sequence_lengths, &params, 1, &x));
}

glia_value glia_model_mask(glia_model *model, glia_value x, glia_value lengths, double value) {
    const glia_mask_steps_params params = {.value = value, .batch_first = true};
    const glia_value in[2]              = {x, lengths};
    if (!gli_layer_begin(model, "mask", NULL, in, 2, false)) return invalid;
    if (!gli_layer_expect_steps(model, x) || !gli_layer_expect_lengths(model, lengths))
        return gli_layer_end(model, invalid);
    return gli_layer_end(model, gli_layer_call_1(model, &gli_op_mask_steps, &params, 2, in));
}
