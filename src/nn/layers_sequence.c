/* Sequences: embeddings, steps, lengths, and what layers over one dimension share. */
#include "glia/ops/movement.h"
#include "glia/ops/sequence.h"
#include "nn/layer.h"

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

/* A value that is not of this model fails in the op. */
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
    if (!in) return GLI_INVALID;
    glia_transpose_params order = glia_transpose_defaults();
    for (int i = 0; i < in->ndim; ++i) order.permutation[i] = i == a ? b : i == b ? a : i;
    return transpose(model, x, &order);
}

/* With steps_first the channels become axis 1 of an image; where channels-last is faster, memory stays as it is. */
glia_value gli_layer_to_row(glia_model *model, glia_value x, bool steps_first) {
    const glia_tensor *in = gli_model_shape(model, x);
    if (!in) return GLI_INVALID;
    if (!steps_first)
        return reshape(model, x, &(glia_reshape_params){.shape = GLIA_SHAPE(-1, in->dim[1], 1, in->dim[2])});
    x = reshape(model, x, &(glia_reshape_params){.shape = GLIA_SHAPE(-1, 1, in->dim[1], in->dim[2])});
    return transpose(model, x, &(glia_transpose_params){{0, 3, 1, 2}});
}

glia_value gli_layer_from_row(glia_model *model, glia_value y, bool steps_first) {
    if (steps_first) y = transpose(model, y, &(glia_transpose_params){{0, 2, 3, 1}});
    const glia_tensor *out = gli_model_shape(model, y);
    if (!out) return GLI_INVALID;
    const int64_t last = out->dim[3], first = steps_first ? out->dim[2] : out->dim[1];
    return reshape(model, y, &(glia_reshape_params){.shape = GLIA_SHAPE(-1, first, last)});
}

glia_value glia_model_embedding(glia_model *model, glia_value x, const glia_embedding_args *args) {
    const glia_embedding_args defaults = {0};
    if (!args) args = &defaults;
    if (!gli_layer_begin(model, "embedding", args->name, &x, 1, args->frozen)) return GLI_INVALID;
    if (args->count <= 0 || args->size <= 0)
        return gli_layer_end(
            model, gli_model_fail(model, GLIA_INVALID_ARGUMENT, "count is %lld and size %lld, must be positive",
                                  (long long)args->count, (long long)args->size));
    if (args->has_padding && (args->padding_index < -args->count || args->padding_index >= args->count))
        return gli_layer_end(
            model, gli_model_fail(model, GLIA_INVALID_ARGUMENT, "padding_index is %lld, must be %lld to %lld",
                                  (long long)args->padding_index, (long long)-args->count, (long long)args->count - 1));
    const int64_t padding = args->padding_index < 0 ? args->padding_index + args->count : args->padding_index;
    const glia_value table =
        gli_layer_weight(model, &(gli_weight_spec){.suffix   = "weight",
                                                   .ndim     = 2,
                                                   .dim      = {args->count, args->size},
                                                   .init     = args->weight_init,
                                                   .fallback = {.kind = GLIA_INIT_NORMAL, .b = 1},
                                                   .fan_in   = args->count,
                                                   .fan_out  = args->size,
                                                   .zero_row = args->has_padding ? padding + 1 : 0});
    const glia_gather_params params = {.padding_index = args->padding_index, .has_padding = args->has_padding};
    return gli_layer_end(model, gli_layer_call_1(model, &gli_op_gather, &params, 2, (glia_value[]){table, x}));
}

static glia_value step(glia_model *model, glia_value x, int index) {
    const glia_tensor *in = gli_model_shape(model, x);
    if (!gli_layer_expect_steps(model, x)) return GLI_INVALID;
    if (index < -in->dim[1] || index >= in->dim[1])
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "step is %d, x has %lld", index, (long long)in->dim[1]);
    glia_reshape_params rest = {.shape = {.ndim = in->ndim - 1, .dim = {-1}}};
    for (int i = 2; i < in->ndim; ++i) rest.shape.dim[i - 1] = in->dim[i];
    glia_slice_params one = glia_slice_defaults();
    one.start[1]          = index < 0 ? index + (int)in->dim[1] : index;
    one.stop[1]           = one.start[1] + 1;
    return reshape(model, gli_layer_call_1(model, &gli_op_slice, &one, 1, &x), &rest);
}

glia_value glia_model_step(glia_model *model, glia_value x, const glia_step_args *args) {
    const glia_step_args defaults = {0};
    if (!args) args = &defaults;
    if (!gli_layer_begin(model, "step", args->name, &x, 1, false)) return GLI_INVALID;
    return gli_layer_end(model, step(model, x, args->step));
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

glia_value glia_model_repeat(glia_model *model, glia_value x, const glia_repeat_args *args) {
    const glia_repeat_args defaults = {0};
    if (!args) args = &defaults;
    if (!gli_layer_begin(model, "repeat", args->name, &x, 1, false)) return GLI_INVALID;
    return gli_layer_end(model, repeat(model, x, args->times));
}

glia_value glia_model_lengths(glia_model *model, glia_value x, const glia_lengths_args *args) {
    const glia_lengths_args defaults = {0};
    if (!args) args = &defaults;
    const glia_sequence_lengths_params params = {.padding = args->padding, .batch_first = true};
    if (!gli_layer_begin(model, "lengths", args->name, &x, 1, false)) return GLI_INVALID;
    if (!gli_layer_expect_steps(model, x)) return gli_layer_end(model, GLI_INVALID);
    return gli_layer_end(model, gli_layer_call_1(model, &gli_op_sequence_lengths, &params, 1, &x));
}

glia_value glia_model_mask(glia_model *model, glia_value x, glia_value lengths, const glia_mask_args *args) {
    const glia_mask_args defaults = {0};
    if (!args) args = &defaults;
    const glia_mask_steps_params params = {.value = args->value, .batch_first = true};
    const glia_value in[2]              = {x, lengths};
    if (!gli_layer_begin(model, "mask", args->name, in, 2, false)) return GLI_INVALID;
    if (!gli_layer_expect_steps(model, x) || !gli_layer_expect_lengths(model, lengths))
        return gli_layer_end(model, GLI_INVALID);
    return gli_layer_end(model, gli_layer_call_1(model, &gli_op_mask_steps, &params, 2, in));
}
