/* The functions that ops' derive rules call; they append to the graph that is being differentiated. */
#include "core/derive.h"

#include "core/op.h"
#include "glia/ops.h"
#include "graph/graph_impl.h"

void gli_derive_call(gli_derivation *d, const gli_op *op, const void *params, int n_in, const glia_value *in, int n_out,
                     glia_value *out) {
    gli_graph_call(d->graph, op, params, in, n_in, out, n_out);
}

/* The value is 1 in every element, and b has its shape. */
static bool is_one_like(const gli_derivation *d, glia_value value, glia_value b) {
    const gli_value_info *one = gli_graph_value(d->graph, value), *like = gli_graph_value(d->graph, b);
    return one && like && one->kind == GLI_VALUE_CONSTANT && one->constant == 1 &&
           gli_same_shape(&one->tensor, &like->tensor);
}

/* A product with 1 is no call: the gradient of a scaled loss is the factor itself. */
glia_value gli_derive_n(gli_derivation *d, const gli_op *op, const void *params, int n_in, const glia_value *in) {
    const bool product = op == &gli_op_binary && ((const glia_binary_params *)params)->kind == GLIA_BINARY_MUL;
    if (product && is_one_like(d, in[0], in[1])) return in[1];
    return gli_graph_call(d->graph, op, params, in, n_in, NULL, 0);
}

glia_value gli_derive_constant(gli_derivation *d, glia_dtype dtype, glia_shape shape, double value) {
    return glia_graph_constant(d->graph, dtype, shape, value);
}
