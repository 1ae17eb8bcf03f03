/* Nodes that several ops are made of, and params as attributes. */
#include <string.h>

#include "ops/elementwise/activation.h"
#include "onnx/onnx_export.h"
#include "glia/ops/elementwise.h"

/* ---- Moving elements ---- */

static bool same_dim(const gli_onnx_shape *a, const gli_onnx_shape *b, int i) {
    return i < a->ndim && a->dim[i] == b->dim[i] && a->other[i] == b->other[i];
}

/* A dimension that depends on the batch is what the others leave; where there are several, those that x has in the same
 * place are taken from it, which 0 says. */
const char *gli_onnx_write_reshape(gli_onnx_export *ex, const char *x, const gli_onnx_shape *from,
                                   const gli_onnx_shape *to) {
    int64_t sizes[GLIA_MAX_DIMS];
    int open = 0, left = 0;
    bool same = from->ndim == to->ndim;
    for (int i = 0; i < to->ndim; ++i) {
        same = same && same_dim(from, to, i);
        open += to->dim[i] != to->other[i];
    }
    if (same) return x;
    for (int i = 0; i < to->ndim; ++i) {
        const bool fixed = to->dim[i] == to->other[i];
        const bool taken = same_dim(from, to, i) && (fixed ? to->dim[i] == 0 : open > 1);
        sizes[i]         = taken ? 0 : fixed ? to->dim[i] : -1;
        left += sizes[i] == -1;
        if (fixed && to->dim[i] == 0 && !taken)
            return gli_onnx_refuse(ex, "a shape of no elements, %s",
                                   gli_shape_text(to->ndim, to->dim, (char[GLI_SHAPE_TEXT]){0}));
    }
    if (left > 1)
        return gli_onnx_refuse(ex, "several dimensions of %s depend on the batch",
                               gli_shape_text(to->ndim, to->dim, (char[GLI_SHAPE_TEXT]){0}));
    return gli_onnx_add(ex, "Reshape", GLI_ONNX_NAMES(x, gli_onnx_hold_ints(ex, to->ndim, sizes)));
}

const char *gli_onnx_write_transpose(gli_onnx_export *ex, const char *x, int n, const int64_t *permutation) {
    const char *y = gli_onnx_add(ex, "Transpose", 1, &x);
    gli_onnx_set_ints(ex, "perm", n, permutation);
    return y;
}

const char *gli_onnx_write_cast(gli_onnx_export *ex, const char *x, int type) {
    const char *y = gli_onnx_add(ex, "Cast", 1, &x);
    gli_onnx_set_int(ex, "to", type);
    return y;
}

const char *gli_onnx_write_slice(gli_onnx_export *ex, const char *x, int axis, int64_t start, int64_t stop) {
    return gli_onnx_add(ex, "Slice",
                        GLI_ONNX_NAMES(x, gli_onnx_hold_ints(ex, 1, &start), gli_onnx_hold_ints(ex, 1, &stop),
                                       gli_onnx_hold_ints(ex, 1, (int64_t[]){axis})));
}

const char *gli_onnx_write_concat(gli_onnx_export *ex, int n, const char *const *x, int axis) {
    if (n == 1) return x[0];
    const char *y = gli_onnx_add(ex, "Concat", n, x);
    gli_onnx_set_int(ex, "axis", axis);
    return y;
}

const char *gli_onnx_write_channels(gli_onnx_export *ex, const char *x, int64_t count, int ndim) {
    const gli_onnx_shape vector = {.ndim = 1, .dim = {count}, .other = {count}};
    gli_onnx_shape to           = vector;
    for (int i = 2; i < ndim; ++i) gli_onnx_add_dim(&to, 1, 1);
    return gli_onnx_write_reshape(ex, x, &vector, &to);
}

/* ReduceSum has had axes as an input before the others. */
const char *gli_onnx_write_reduce(gli_onnx_export *ex, const char *operator, const char * x, int n, const int64_t *axes,
                                  bool keep_dims) {
    const bool input = ex->opset >= GLI_ONNX_AXES_INPUT || strcmp(operator, "ReduceSum") == 0;
    const char *y    = gli_onnx_add(ex, operator, GLI_ONNX_NAMES(x, input ? gli_onnx_hold_ints(ex, n, axes) : NULL));
    if (!input) gli_onnx_set_ints(ex, "axes", n, axes);
    gli_onnx_set_int(ex, "keepdims", keep_dims);
    return y;
}

/* ---- Params ---- */

static const gli_op_param *find(const gli_op *op, const char *name) {
    for (int i = 0; i < op->n_params; ++i)
        if (strcmp(op->params[i].name, name) == 0) return &op->params[i];
    return NULL;
}

const int *gli_onnx_param_ints(const gli_onnx_op_call *c, const char *name) {
    const gli_op_param *param = find(c->op, name);
    return param ? gli_param_element(param, c->params, 0) : NULL;
}

static int64_t integer(const gli_op_param *param, const void *params, int i) {
    const void *at = gli_param_element(param, params, i);
    switch (param->type) {
        case GLI_PARAM_BOOL: return *(const bool *)at;
        case GLI_PARAM_INT64: return *(const int64_t *)at;
        default: return *(const int *)at;
    }
}

bool gli_onnx_param_flag(const gli_onnx_op_call *c, const char *name) {
    const gli_op_param *param = find(c->op, name);
    return param && integer(param, c->params, 0) != 0;
}

static void set_param(const gli_onnx_op_call *c, const gli_op_param *param, const char *attribute) {
    const int count = gli_param_count(param);
    int64_t values[2 * GLIA_MAX_DIMS];
    for (int i = 0; i < count && param->type != GLI_PARAM_DOUBLE; ++i) values[i] = integer(param, c->params, i);
    if (param->type == GLI_PARAM_DOUBLE)
        gli_onnx_set_float(c->ex, attribute, *(const double *)gli_param_element(param, c->params, 0));
    else if (param->type == GLI_PARAM_ENUM)
        gli_onnx_set_string(c->ex, attribute, param->names[values[0]]);
    else if (count > 1)
        gli_onnx_set_ints(c->ex, attribute, count, values);
    else
        gli_onnx_set_int(c->ex, attribute, values[0]);
}

void gli_onnx_set_params(const gli_onnx_op_call *c) {
    for (size_t i = 0; i < sizeof c->row->attributes / sizeof *c->row->attributes; ++i) {
        const gli_op_param *param = c->row->attributes[i].param ? find(c->op, c->row->attributes[i].param) : NULL;
        if (param && gli_onnx_going(c->ex)) set_param(c, param, c->row->attributes[i].attribute);
    }
}
