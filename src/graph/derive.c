/* What ops' derive rules call: it appends to the graph that is being differentiated. */
#include "core/derive.h"

#include "graph/graph_impl.h"

void glia_derive_call(glia_derivation *d, const glia_op *op, const void *params, int n_in, const glia_value *in,
                      int n_out, glia_value *out) {
    glia__graph_call(d->graph, op, params, in, n_in, out, n_out);
}

glia_value glia_derive_n(glia_derivation *d, const glia_op *op, const void *params, int n_in, const glia_value *in) {
    return glia__graph_call(d->graph, op, params, in, n_in, NULL, 0);
}

glia_value glia_derive_constant(glia_derivation *d, glia_dtype dtype, double value) {
    return glia__graph_constant(d->graph, dtype, GLIA_SCALAR, value);
}
