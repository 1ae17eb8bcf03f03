/* The functions that ops' derive rules call; they append to the graph that is being differentiated. */
#include "core/derive.h"

#include "graph/graph_impl.h"

void gli_derive_call(gli_derivation *d, const gli_op *op, const void *params, int n_in, const glia_value *in, int n_out,
                     glia_value *out) {
    gli_graph_call(d->graph, op, params, in, n_in, out, n_out);
}

glia_value gli_derive_n(gli_derivation *d, const gli_op *op, const void *params, int n_in, const glia_value *in) {
    return gli_graph_call(d->graph, op, params, in, n_in, NULL, 0);
}

glia_value gli_derive_constant(gli_derivation *d, glia_dtype dtype, glia_shape shape, double value) {
    return gli_graph_constant(d->graph, dtype, shape, value);
}
