#include "core/derive.h"

void glia_derive_call(glia_derivation *d, const glia_op *op, const void *params, int n_in, const glia_value *in, int n_out,
                      glia_value *out) {
    (void)d, (void)op, (void)params, (void)n_in, (void)in;
    for (int i = 0; i < n_out; ++i) out[i] = (glia_value){-1};
}

glia_value glia_derive_n(glia_derivation *d, const glia_op *op, const void *params, int n_in, const glia_value *in) {
    glia_value out;
    glia_derive_call(d, op, params, n_in, in, 1, &out);
    return out;
}
