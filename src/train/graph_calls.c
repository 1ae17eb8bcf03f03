#include "train/graph_calls.h"

#include "core/dtype.h"
#include "glia/ops/movement.h"
#include "graph/graph_impl.h"

glia_value gli_emit_call(const gli_emission *e, const gli_op *op, const void *params, int n_in, const glia_value *in) {
    glia_value out;
    return gli_graph_call(e->graph, op, params, in, n_in, &out, 1);
}

glia_value gli_emit_unary(const gli_emission *e, glia_unary_kind kind, double alpha, double beta, glia_value x) {
    return gli_emit_call(e, &gli_op_unary, &(glia_unary_params){.kind = kind, .alpha = alpha, .beta = beta}, 1, &x);
}

glia_value gli_emit_binary(const gli_emission *e, glia_binary_kind kind, glia_value a, glia_value b) {
    return gli_emit_call(e, &gli_op_binary, &(glia_binary_params){.kind = kind}, 2, (glia_value[]){a, b});
}

glia_value gli_emit_reduce(const gli_emission *e, glia_reduce_kind kind, unsigned axes, glia_value x) {
    return gli_emit_call(e, &gli_op_reduce, &(glia_reduce_params){.kind = kind, .axes = axes}, 1, &x);
}

glia_value gli_emit_argmax(const gli_emission *e, glia_value x) {
    return gli_emit_call(e, &gli_op_argmax, &(glia_argmax_params){.axis = 1}, 1, &x);
}

glia_value gli_emit_number(const gli_emission *e, glia_dtype dtype, double number) {
    return glia_graph_constant(e->graph, dtype, GLIA_SCALAR, number);
}

glia_value gli_emit_cast(const gli_emission *e, glia_value value, glia_dtype dtype) {
    if (glia_graph_dtype(e->graph, value) == dtype) return value;
    return gli_emit_call(e, &gli_op_cast, &(glia_cast_params){.dtype = dtype}, 1, &value);
}

glia_value gli_emit_prediction(const gli_emission *e, int value) {
    return gli_emit_cast(e, e->map[value], gli_dtype_wide(glia_graph_dtype(e->graph, e->map[value])));
}

glia_value gli_emit_like(const gli_emission *e, glia_value value, glia_value like) {
    const glia_shape expected = glia_graph_shape(e->graph, like), given = glia_graph_shape(e->graph, value);
    if (expected.ndim == given.ndim || gli_shape_count(expected) != gli_shape_count(given)) return value;
    return gli_emit_call(e, &gli_op_reshape, &(glia_reshape_params){.shape = expected}, 1, &value);
}

glia_value gli_emit_differs(const gli_emission *e, glia_value a, glia_value b) {
    const glia_value distance = gli_emit_unary(e, GLIA_UNARY_ABS, 0, 0, gli_emit_binary(e, GLIA_BINARY_SUB, a, b));
    return gli_emit_unary(e, GLIA_UNARY_CLIP, 0, 1, distance);
}

bool gli_is_index(glia_dtype dtype) { return dtype == GLIA_I32 || dtype == GLIA_I64; }

int64_t gli_shape_count(glia_shape shape) {
    int64_t count = 1;
    for (int i = 0; i < shape.ndim; ++i) count *= shape.dim[i];
    return count;
}
