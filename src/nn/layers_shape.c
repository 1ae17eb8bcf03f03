/* Layers without weights: activations, shapes, and what joins values. */
#include "core/size.h"
#include "nn/model_impl.h"

static const glia_value invalid = {-1};

/* One op with one input as a layer of its own. */
static glia_value layer(glia_model *model, const char *kind, glia_value x, const gli_op *op, const void *params) {
    if (!gli_layer_begin(model, kind, NULL, &x, 1, false)) return invalid;
    return gli_layer_end(model, gli_layer_call_1(model, op, params, 1, &x));
}

/* A layer has no alpha and beta to give: clip, which has no defaults for them, would make 0 of everything. */
static glia_value apply(glia_model *model, glia_value x, glia_unary_kind kind) {
    if (kind == GLIA_CLIP)
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT,
                              "activation clip needs an alpha and a beta: glia_model_op with \"unary\" takes them");
    return gli_layer_call_1(model, &gli_op_unary, &(glia_unary_params){.kind = kind}, 1, &x);
}

glia_value gli_layer_activation(glia_model *model, glia_value x, glia_unary_kind kind) {
    return kind == GLIA_LINEAR ? x : apply(model, x, kind);
}

glia_value glia_model_activation(glia_model *model, glia_value x, glia_unary_kind kind) {
    if (!gli_layer_begin(model, "activation", NULL, &x, 1, false)) return invalid;
    return gli_layer_end(model, apply(model, x, kind));
}

glia_value glia_model_softmax(glia_model *model, glia_value x) {
    return layer(model, "softmax", x, &gli_op_softmax, &(glia_softmax_params){.axes = GLIA_AXIS(-1)});
}

glia_value glia_model_log_softmax(glia_model *model, glia_value x) {
    return layer(model, "log_softmax", x, &gli_op_softmax, &(glia_softmax_params){.axes = GLIA_AXIS(-1), .log = true});
}

/* To {-1, dim...}: the batch keeps its size, whatever it is; one dim may be -1 and is computed here. */
static glia_value reshape(glia_model *model, const char *kind, glia_value x, glia_shape shape) {
    if (!gli_layer_begin(model, kind, NULL, &x, 1, false)) return invalid;
    const glia_tensor *in = gli_model_shape(model, x);
    const int64_t count   = gli_count(in) / GLI_RECIPE_BATCH; /* of one sample */
    int64_t known         = 1;
    int open              = -1;
    bool valid            = shape.ndim >= 0 && shape.ndim < GLIA_MAX_DIMS;
    for (int i = 0; valid && i < shape.ndim; ++i) {
        if (shape.dim[i] == -1 && open < 0)
            open = i;
        else
            valid = shape.dim[i] > 0 && gli_mul_i64(known, shape.dim[i], &known);
    }
    if (valid && open >= 0)
        valid = count % known == 0, shape.dim[open] = count / known;
    else
        valid = valid && known == count;
    if (!valid)
        return gli_layer_end(
            model, gli_model_fail(model, GLIA_SHAPE_MISMATCH, "x is %s, which does not fit %d dimensions %s",
                                  gli_shape_text(in->ndim - 1, in->dim + 1, (char[GLI_SHAPE_TEXT]){0}), shape.ndim,
                                  gli_shape_text(shape.ndim, shape.dim, (char[GLI_SHAPE_TEXT]){0})));
    glia_reshape_params params = {.shape = {.ndim = shape.ndim + 1, .dim = {-1}}};
    for (int i = 0; i < shape.ndim; ++i) params.shape.dim[i + 1] = shape.dim[i];
    return gli_layer_end(model, gli_layer_call_1(model, &gli_op_reshape, &params, 1, &x));
}

glia_value glia_model_flatten(glia_model *model, glia_value x) { return reshape(model, "flatten", x, GLIA_SHAPE(-1)); }

glia_value glia_model_reshape(glia_model *model, glia_value x, glia_shape shape) {
    return reshape(model, "reshape", x, shape);
}

static glia_value join(glia_model *model, const char *name, glia_binary_kind kind, glia_value a, glia_value b) {
    const glia_value in[2] = {a, b};
    if (!gli_layer_begin(model, name, NULL, in, 2, false)) return invalid;
    return gli_layer_end(model, gli_layer_call_1(model, &gli_op_binary, &(glia_binary_params){.kind = kind}, 2, in));
}

glia_value glia_model_add(glia_model *model, glia_value a, glia_value b) { return join(model, "add", GLIA_ADD, a, b); }

glia_value glia_model_multiply(glia_model *model, glia_value a, glia_value b) {
    return join(model, "multiply", GLIA_MUL, a, b);
}

glia_value glia_model_concat(glia_model *model, const glia_value *values, int count, int axis) {
    if (!model) return invalid;
    if (!values || count < 1 || count > GLI_MAX_IN)
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "glia_model_concat: %d values, must be 1 to %d", count,
                              (int)GLI_MAX_IN);
    if (!gli_layer_begin(model, "concat", NULL, values, count, false)) return invalid;
    const int ndim = gli_model_shape(model, values[0])->ndim;
    if (axis < 0) axis += ndim - 1;
    if (axis < 0 || axis >= ndim - 1)
        return gli_layer_end(model, gli_model_fail(model, GLIA_INVALID_ARGUMENT,
                                                   "axis is %d, the values have %d besides the batch", axis, ndim - 1));
    return gli_layer_end(model, gli_layer_call_1(model, &gli_op_concat,
                                                 &(glia_concat_params){.axes = GLIA_AXIS(axis + 1)}, count, values));
}
