/* Layers without weights: pooling, activations, shapes, and what joins values. */
#include "core/size.h"
#include "nn/model.h"

static const glia_value invalid = {-1};

static const glia_pool2d_args pool_defaults = {0};

/* One op with one input as a layer of its own. */
static glia_value layer(glia_model *model, const char *kind, glia_value x, const glia_op *op, const void *params) {
    if (!glia_layer_begin(model, kind, NULL, &x, 1, false)) return invalid;
    return glia_layer_end(model, glia_layer_call_1(model, op, params, 1, &x));
}

/* What both pooling layers share: the window with its padding. False after a failure. */
static bool pool_window(glia_model *model, const char *kind, glia_value x, const glia_pool2d_args *a, int *stride,
                        int *pad, int *pad_end) {
    if (!glia_layer_begin(model, kind, a->name, &x, 1, false)) return false;
    const glia_tensor *in = glia_model_shape(model, x);
    for (int i = 0; i < 2; ++i)
        stride[i] = a->stride[i] ? a->stride[i] : a->kernel[i], pad[i] = a->pad[i], pad_end[i] = a->pad_end[i];
    if (in->ndim != 4)
        glia_model_fail(model, GLIA_SHAPE_MISMATCH, "x is %s, must be [C,H,W]",
                        glia_shape_text(in->ndim - 1, in->dim + 1, (char[GLIA_SHAPE_TEXT]){0}));
    else if (a->kernel[0] < 1 || a->kernel[1] < 1)
        glia_model_fail(model, GLIA_INVALID_ARGUMENT, "kernel is {%d,%d}, must be positive", a->kernel[0],
                        a->kernel[1]);
    else if (glia_layer_padding(model, in, a->kernel, a->padding, stride, a->dilation, pad, pad_end))
        return true;
    glia_layer_end(model, invalid);
    return false;
}

glia_value glia_model_max_pool2d(glia_model *model, glia_value x, const glia_pool2d_args *args) {
    const glia_pool2d_args *a = args ? args : &pool_defaults;
    glia_max_pool2d_params p  = {.kernel    = {a->kernel[0], a->kernel[1]},
                                 .dilation  = {a->dilation[0], a->dilation[1]},
                                 .ceil_mode = a->ceil_mode};
    if (!pool_window(model, "max_pool2d", x, a, p.stride, p.pad, p.pad_end)) return invalid;
    return glia_layer_end(model, glia_layer_call_1(model, &glia_op_max_pool2d, &p, 1, &x));
}

glia_value glia_model_avg_pool2d(glia_model *model, glia_value x, const glia_pool2d_args *args) {
    const glia_pool2d_args *a = args ? args : &pool_defaults;
    glia_avg_pool2d_params p  = {
         .kernel = {a->kernel[0], a->kernel[1]}, .ceil_mode = a->ceil_mode, .count_include_pad = a->count_include_pad};
    if (!pool_window(model, "avg_pool2d", x, a, p.stride, p.pad, p.pad_end)) return invalid;
    if (a->dilation[0] > 1 || a->dilation[1] > 1)
        return glia_layer_end(
            model, glia_model_fail(model, GLIA_INVALID_ARGUMENT, "dilation is {%d,%d}: average pooling has none",
                                   a->dilation[0], a->dilation[1]));
    return glia_layer_end(model, glia_layer_call_1(model, &glia_op_avg_pool2d, &p, 1, &x));
}

glia_value glia_model_adaptive_max_pool2d(glia_model *model, glia_value x, int rows, int columns) {
    return layer(model, "adaptive_max_pool2d", x, &glia_op_adaptive_max_pool2d,
                 &(glia_adaptive_max_pool2d_params){.size = {rows, columns}});
}

glia_value glia_model_adaptive_avg_pool2d(glia_model *model, glia_value x, int rows, int columns) {
    return layer(model, "adaptive_avg_pool2d", x, &glia_op_adaptive_avg_pool2d,
                 &(glia_adaptive_avg_pool2d_params){.size = {rows, columns}});
}

/* Pools to one row and column, and drops both. */
static glia_value global(glia_model *model, const char *kind, glia_value x, const glia_op *op, const void *params) {
    if (!glia_layer_begin(model, kind, NULL, &x, 1, false)) return invalid;
    const glia_value pooled = glia_layer_call_1(model, op, params, 1, &x);
    const glia_tensor *in   = glia_model_shape(model, pooled);
    if (!in) return glia_layer_end(model, invalid);
    const glia_reshape_params flat = {.shape = {.ndim = 2, .dim = {-1, in->dim[1]}}};
    return glia_layer_end(model, glia_layer_call_1(model, &glia_op_reshape, &flat, 1, &pooled));
}

glia_value glia_model_global_max_pool2d(glia_model *model, glia_value x) {
    return global(model, "global_max_pool2d", x, &glia_op_adaptive_max_pool2d,
                  &(glia_adaptive_max_pool2d_params){.size = {1, 1}});
}

glia_value glia_model_global_avg_pool2d(glia_model *model, glia_value x) {
    return global(model, "global_avg_pool2d", x, &glia_op_adaptive_avg_pool2d,
                  &(glia_adaptive_avg_pool2d_params){.size = {1, 1}});
}

/* A layer has no alpha and beta to give: clip, which has no defaults for them, would make 0 of everything. */
static glia_value apply(glia_model *model, glia_value x, glia_unary_kind kind) {
    if (kind == GLIA_CLIP)
        return glia_model_fail(model, GLIA_INVALID_ARGUMENT,
                               "activation clip needs an alpha and a beta: glia_model_op with \"unary\" takes them");
    return glia_layer_call_1(model, &glia_op_unary, &(glia_unary_params){.kind = kind}, 1, &x);
}

glia_value glia_layer_activation(glia_model *model, glia_value x, glia_unary_kind kind) {
    return kind == GLIA_LINEAR ? x : apply(model, x, kind);
}

glia_value glia_model_activation(glia_model *model, glia_value x, glia_unary_kind kind) {
    if (!glia_layer_begin(model, "activation", NULL, &x, 1, false)) return invalid;
    return glia_layer_end(model, apply(model, x, kind));
}

glia_value glia_model_softmax(glia_model *model, glia_value x) {
    return layer(model, "softmax", x, &glia_op_softmax, &(glia_softmax_params){.axes = GLIA_AXIS(-1)});
}

glia_value glia_model_log_softmax(glia_model *model, glia_value x) {
    return layer(model, "log_softmax", x, &glia_op_softmax, &(glia_softmax_params){.axes = GLIA_AXIS(-1), .log = true});
}

/* To {-1, dim...}: the batch keeps its size, whatever it is; one dim may be -1 and is computed here. */
static glia_value reshape(glia_model *model, const char *kind, glia_value x, glia_shape shape) {
    if (!glia_layer_begin(model, kind, NULL, &x, 1, false)) return invalid;
    const glia_tensor *in = glia_model_shape(model, x);
    const int64_t count   = glia_count(in) / GLIA_RECIPE_BATCH; /* of one sample */
    int64_t known         = 1;
    int open              = -1;
    bool valid            = shape.ndim >= 0 && shape.ndim < GLIA_MAX_DIMS;
    for (int i = 0; valid && i < shape.ndim; ++i) {
        if (shape.dim[i] == -1 && open < 0)
            open = i;
        else
            valid = shape.dim[i] > 0 && glia_mul_i64(known, shape.dim[i], &known);
    }
    if (valid && open >= 0)
        valid = count % known == 0, shape.dim[open] = count / known;
    else
        valid = valid && known == count;
    if (!valid)
        return glia_layer_end(
            model, glia_model_fail(model, GLIA_SHAPE_MISMATCH, "x is %s, which does not fit %d dimensions %s",
                                   glia_shape_text(in->ndim - 1, in->dim + 1, (char[GLIA_SHAPE_TEXT]){0}), shape.ndim,
                                   glia_shape_text(shape.ndim, shape.dim, (char[GLIA_SHAPE_TEXT]){0})));
    glia_reshape_params params = {.shape = {.ndim = shape.ndim + 1, .dim = {-1}}};
    for (int i = 0; i < shape.ndim; ++i) params.shape.dim[i + 1] = shape.dim[i];
    return glia_layer_end(model, glia_layer_call_1(model, &glia_op_reshape, &params, 1, &x));
}

glia_value glia_model_flatten(glia_model *model, glia_value x) { return reshape(model, "flatten", x, GLIA_SHAPE(-1)); }

glia_value glia_model_reshape(glia_model *model, glia_value x, glia_shape shape) {
    return reshape(model, "reshape", x, shape);
}

static glia_value join(glia_model *model, const char *name, glia_binary_kind kind, glia_value a, glia_value b) {
    const glia_value in[2] = {a, b};
    if (!glia_layer_begin(model, name, NULL, in, 2, false)) return invalid;
    return glia_layer_end(model, glia_layer_call_1(model, &glia_op_binary, &(glia_binary_params){.kind = kind}, 2, in));
}

glia_value glia_model_add(glia_model *model, glia_value a, glia_value b) { return join(model, "add", GLIA_ADD, a, b); }

glia_value glia_model_multiply(glia_model *model, glia_value a, glia_value b) {
    return join(model, "multiply", GLIA_MUL, a, b);
}

glia_value glia_model_concat(glia_model *model, const glia_value *values, int count, int axis) {
    if (!model) return invalid;
    if (!values || count < 1 || count > GLIA_MAX_IN)
        return glia_model_fail(model, GLIA_INVALID_ARGUMENT, "glia_model_concat: %d values, must be 1 to %d", count,
                               (int)GLIA_MAX_IN);
    if (!glia_layer_begin(model, "concat", NULL, values, count, false)) return invalid;
    const int ndim = glia_model_shape(model, values[0])->ndim;
    if (axis < 0) axis += ndim - 1;
    if (axis < 0 || axis >= ndim - 1)
        return glia_layer_end(
            model, glia_model_fail(model, GLIA_INVALID_ARGUMENT, "axis is %d, the values have %d besides the batch",
                                   axis, ndim - 1));
    return glia_layer_end(model, glia_layer_call_1(model, &glia_op_concat,
                                                   &(glia_concat_params){.axes = GLIA_AXIS(axis + 1)}, count, values));
}
