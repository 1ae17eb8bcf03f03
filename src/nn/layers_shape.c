/* Shapes, and layers that combine values. */
#include "core/size.h"
#include "glia/ops/elementwise.h"
#include "glia/ops/movement.h"
#include "nn/layer.h"

/* To {-1, dim...}: the batch keeps its size, whatever it is; one dim may be -1 and is computed here. */
static glia_value reshape(glia_model *model, const char *kind, const char *name, glia_value x, glia_shape shape) {
    if (!gli_layer_begin(model, kind, name, &x, 1, false)) return GLI_INVALID;
    const glia_tensor *in = gli_model_shape(model, x);
    const int64_t count   = gli_count(in) / GLI_NOMINAL_BATCH; /* of one sample */
    int64_t known         = 1;
    int open              = -1;
    bool valid            = true;
    if (shape.ndim < 0 || shape.ndim >= GLIA_MAX_DIMS)
        return gli_layer_end(
            model, gli_model_fail(model, GLIA_INVALID_ARGUMENT, "%d dimensions, must be 0 to %d besides the batch",
                                  shape.ndim, GLIA_MAX_DIMS - 1));
    for (int i = 0; valid && i < shape.ndim; ++i) {
        if (shape.dim[i] == -1 && open < 0)
            open = i;
        else
            valid = shape.dim[i] > 0 && gli_mul_i64(known, shape.dim[i], &known);
    }
    if (valid && open >= 0)
        valid = count % known == 0;
    else
        valid = valid && known == count;
    if (!valid)
        return gli_layer_end(
            model, gli_model_fail(model, GLIA_SHAPE_MISMATCH, "x is %s, which does not fit %d dimensions %s",
                                  gli_shape_text(in->ndim - 1, in->dim + 1, (char[GLI_SHAPE_TEXT]){0}), shape.ndim,
                                  gli_shape_text(shape.ndim, shape.dim, (char[GLI_SHAPE_TEXT]){0})));
    glia_reshape_params params = {.shape = {.ndim = shape.ndim + 1, .dim = {-1}}};
    for (int i = 0; i < shape.ndim; ++i) params.shape.dim[i + 1] = i == open ? count / known : shape.dim[i];
    return gli_layer_end(model, gli_layer_call_1(model, &gli_op_reshape, &params, 1, &x));
}

static const char *name_of(const glia_layer_args *args) { return args ? args->name : NULL; }

glia_value glia_model_flatten(glia_model *model, glia_value x, const glia_layer_args *args) {
    return reshape(model, "flatten", name_of(args), x, GLIA_SHAPE(-1));
}

glia_value glia_model_reshape(glia_model *model, glia_value x, const glia_reshape_args *args) {
    const glia_reshape_args defaults = {0};
    if (!args) args = &defaults;
    return reshape(model, "reshape", args->name, x, args->shape);
}

static glia_value join(glia_model *model, const char *kind, const char *name, glia_binary_kind op, glia_value a,
                       glia_value b) {
    const glia_value in[2] = {a, b};
    if (!gli_layer_begin(model, kind, name, in, 2, false)) return GLI_INVALID;
    return gli_layer_end(model, gli_layer_call_1(model, &gli_op_binary, &(glia_binary_params){.kind = op}, 2, in));
}

glia_value glia_model_add(glia_model *model, glia_value a, glia_value b, const glia_layer_args *args) {
    return join(model, "add", name_of(args), GLIA_BINARY_ADD, a, b);
}

glia_value glia_model_multiply(glia_model *model, glia_value a, glia_value b, const glia_layer_args *args) {
    return join(model, "multiply", name_of(args), GLIA_BINARY_MUL, a, b);
}

/* The dimension with the batch of an axis as the user counts it; -1, and a failure, where there is none. */
static int dimension_of(glia_model *model, glia_value x, int axis) {
    const int axes = gli_model_shape(model, x)->ndim - 1;
    if (axis >= -axes && axis < axes) return axis < 0 ? axis + axes + 1 : axis + 1;
    gli_model_fail(model, GLIA_INVALID_ARGUMENT, "axis is %d, x has %d besides the batch", axis, axes);
    return -1;
}

glia_value glia_model_concat(glia_model *model, const glia_value *values, int count, const glia_concat_args *args) {
    const glia_concat_args defaults = {0};
    if (!model) return GLI_INVALID;
    if (!args) args = &defaults;
    if (!values) return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "glia_model_concat: values is NULL");
    if (count < 1 || count > GLI_MAX_IN)
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "glia_model_concat: %d values, must be 1 to %d", count,
                              (int)GLI_MAX_IN);
    if (!gli_layer_begin(model, "concat", args->name, values, count, false)) return GLI_INVALID;
    const int dimension = dimension_of(model, values[0], args->axis);
    if (dimension < 0) return gli_layer_end(model, GLI_INVALID);
    const glia_concat_params params = {.axis = dimension};
    return gli_layer_end(model, gli_layer_call_1(model, &gli_op_concat, &params, count, values));
}

/* Both 0 would be no exchange, and mean the first two. */
glia_value glia_model_transpose(glia_model *model, glia_value x, const glia_transpose_args *args) {
    const glia_transpose_args defaults = {0};
    if (!args) args = &defaults;
    const int b = args->axis[0] == 0 && args->axis[1] == 0 ? 1 : args->axis[1];
    if (!gli_layer_begin(model, "transpose", args->name, &x, 1, false)) return GLI_INVALID;
    const int first = dimension_of(model, x, args->axis[0]), second = first < 0 ? -1 : dimension_of(model, x, b);
    return gli_layer_end(model, second < 0 ? GLI_INVALID : gli_layer_swap(model, x, first, second));
}

static glia_value slice(glia_model *model, glia_value x, int dimension, const glia_slice_args *args) {
    glia_slice_params part = glia_slice_defaults();
    part.start[dimension]  = args->start;
    if (args->stop != 0) part.stop[dimension] = args->stop;
    const glia_value y     = gli_layer_call_1(model, &gli_op_slice, &part, 1, &x);
    const glia_tensor *out = gli_model_shape(model, y);
    if (!out || out->dim[dimension] > 0) return y;
    const long long size = (long long)gli_model_shape(model, x)->dim[dimension];
    return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "slice %d to %lld of axis %d, which has %lld, is empty",
                          args->start, args->stop != 0 ? (long long)args->stop : size, dimension - 1, size);
}

glia_value glia_model_slice(glia_model *model, glia_value x, const glia_slice_args *args) {
    const glia_slice_args defaults = {0};
    if (!args) args = &defaults;
    if (!gli_layer_begin(model, "slice", args->name, &x, 1, false)) return GLI_INVALID;
    const int dimension = dimension_of(model, x, args->axis);
    return gli_layer_end(model, dimension < 0 ? GLI_INVALID : slice(model, x, dimension, args));
}
