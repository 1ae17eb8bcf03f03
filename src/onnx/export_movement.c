/* Moving elements, and reductions. */
#include "glia/ops/movement.h"

#include "core/dtype.h"
#include "glia/ops/reduce.h"
#include "onnx/onnx_export.h"
#include "onnx/onnx_map.h"

static int from_front(int axis, int ndim) { return axis < 0 ? axis + ndim : axis; }

void gli_onnx_write_reshaped(gli_onnx_op_call *c) {
    c->out[0] = gli_onnx_write_reshape(c->ex, c->in[0], &c->x[0]->shape, &c->y[0]->shape);
}

void gli_onnx_write_transposed(gli_onnx_op_call *c) {
    const glia_transpose_params *p = c->params;
    const int ndim                 = c->x[0]->shape.ndim;
    int64_t order[GLIA_MAX_DIMS];
    for (int i = 0; i < ndim; ++i) order[i] = from_front(p->permutation[i], ndim);
    c->out[0] = gli_onnx_write_transpose(c->ex, c->in[0], ndim, order);
}

/* Only of axes of which there is less. */
void gli_onnx_write_sliced(gli_onnx_op_call *c) {
    const glia_slice_params *p = c->params;
    int64_t axes[GLIA_MAX_DIMS], start[GLIA_MAX_DIMS], stop[GLIA_MAX_DIMS], step[GLIA_MAX_DIMS];
    gli_onnx_export *ex = c->ex;
    int n               = 0;
    for (int i = 0; i < c->x[0]->shape.ndim; ++i) {
        if (p->start[i] == 0 && p->stop[i] == GLIA_END && p->step[i] == 1) continue;
        axes[n] = i, start[n] = p->start[i], stop[n] = p->stop[i], step[n] = p->step[i];
        ++n;
    }
    c->out[0] = n == 0 ? c->in[0]
                       : gli_onnx_add(
                             ex, "Slice",
                             GLI_ONNX_NAMES(c->in[0], gli_onnx_hold_ints(ex, n, start), gli_onnx_hold_ints(ex, n, stop),
                                            gli_onnx_hold_ints(ex, n, axes), gli_onnx_hold_ints(ex, n, step)));
}

void gli_onnx_write_casted(gli_onnx_op_call *c) {
    const int from = gli_onnx_type_in(c->ex, c->x[0]->dtype), to = gli_onnx_type_in(c->ex, c->y[0]->dtype);
    c->out[0] = from == to ? c->in[0] : gli_onnx_write_cast(c->ex, c->in[0], to);
}

void gli_onnx_write_padded(gli_onnx_op_call *c) {
    const glia_pad_params *p = c->params;
    const int ndim           = c->x[0]->shape.ndim;
    int64_t pads[2 * GLIA_MAX_DIMS];
    for (int i = 0; i < ndim; ++i) pads[i] = p->before[i], pads[ndim + i] = p->after[i];
    c->out[0] = gli_onnx_add(c->ex, "Pad",
                             GLI_ONNX_NAMES(c->in[0], gli_onnx_hold_ints(c->ex, 2 * ndim, pads),
                                            gli_onnx_hold_number(c->ex, c->x[0]->dtype, p->value)));
}

/* ONNX's 1 leaves a dimension as it is, Glia's -1 does. */
void gli_onnx_write_expanded(gli_onnx_op_call *c) {
    const glia_expand_params *p = c->params;
    int64_t size[GLIA_MAX_DIMS];
    for (int i = 0; i < p->shape.ndim; ++i) size[i] = p->shape.dim[i] < 0 ? 1 : p->shape.dim[i];
    c->out[0] = gli_onnx_add(c->ex, "Expand", GLI_ONNX_NAMES(c->in[0], gli_onnx_hold_ints(c->ex, p->shape.ndim, size)));
}

/* Of i64, since onnxruntime has no other with depths of i64. */
void gli_onnx_write_one_hot(gli_onnx_op_call *c) {
    const glia_one_hot_params *p = c->params;
    const char *values           = gli_onnx_hold_numbers(c->ex, p->dtype, 2, (double[]){p->off, p->on});
    const char *depth = gli_onnx_hold_number(c->ex, GLIA_I64, p->classes), *indices = c->in[0];
    if (c->x[0]->dtype != GLIA_I64) indices = gli_onnx_write_cast(c->ex, indices, ONNX__TENSOR_PROTO__DATA_TYPE__INT64);
    c->out[0] = gli_onnx_add(c->ex, "OneHot", GLI_ONNX_NAMES(indices, depth, values));
}

/* ---- Reductions ---- */

/* Over no axes each element is on its own: x, or |x| of a norm. */
void gli_onnx_write_reduction(gli_onnx_op_call *c) {
    const glia_reduce_params *p = c->params;
    const int ndim              = c->x[0]->shape.ndim;
    int64_t axes[GLIA_MAX_DIMS];
    bool taken[GLIA_MAX_DIMS] = {false};
    int n                     = 0;
    for (int bit = 0; bit < 32; ++bit) {
        const int axis = from_front(gli_axis_of_bit(bit), ndim);
        if ((p->axes >> bit & 1) && axis >= 0 && axis < ndim) taken[axis] = true;
    }
    for (int i = 0; i < ndim; ++i)
        if (taken[i]) axes[n++] = i;
    const bool norm = p->kind == GLIA_REDUCE_L1 || p->kind == GLIA_REDUCE_L2;
    if (n == 0)
        c->out[0] = norm ? gli_onnx_add(c->ex, "Abs", 1, c->in) : c->in[0];
    else
        c->out[0] = gli_onnx_write_reduce(c->ex, gli_onnx_operator_by(gli_onnx_map_reduce, (int)p->kind)->name,
                                          c->in[0], n, axes, p->keep_dims);
}

void gli_onnx_write_cumsum(gli_onnx_op_call *c) {
    const glia_cumsum_params *p = c->params;
    const char *axis            = gli_onnx_hold_number(c->ex, GLIA_I64, p->axis);
    c->out[0]                   = gli_onnx_add(c->ex, "CumSum", GLI_ONNX_NAMES(c->in[0], axis));
    gli_onnx_set_params(c);
}

void gli_onnx_write_topk(gli_onnx_op_call *c) {
    const glia_topk_params *p = c->params;
    const int64_t k           = p->k;
    gli_onnx_add_all(c->ex, "TopK", GLI_ONNX_NAMES(c->in[0], gli_onnx_hold_ints(c->ex, 1, &k)), 2, c->out);
    gli_onnx_set_params(c);
    gli_onnx_set_int(c->ex, "largest", !p->smallest);
}
