#include "ops/formula.h"

#include "core/dtype.h"
#include "core/op.h"

static glia_value binary(gli_derivation *d, glia_binary_kind kind, glia_value a, glia_value b) {
    const glia_binary_params params = {.kind = kind};
    return gli_derive(d, &gli_op_binary, &params, a, b);
}

glia_value gli_formula_number(gli_derivation *d, glia_value a, double number) {
    return gli_derive_constant(d, glia_graph_dtype(d->graph, a), GLIA_SCALAR, number);
}

glia_value gli_formula_add(gli_derivation *d, glia_value a, glia_value b) {
    if (a.id == 0) return b;
    return b.id == 0 ? a : binary(d, GLIA_BINARY_ADD, a, b);
}

glia_value gli_formula_sub(gli_derivation *d, glia_value a, glia_value b) {
    if (b.id == 0) return a;
    return a.id == 0 ? gli_formula_unary(d, GLIA_UNARY_NEG, b) : binary(d, GLIA_BINARY_SUB, a, b);
}

glia_value gli_formula_mul(gli_derivation *d, glia_value a, glia_value b) {
    if (a.id == 0) return a;
    return b.id == 0 ? b : binary(d, GLIA_BINARY_MUL, a, b);
}

glia_value gli_formula_div(gli_derivation *d, glia_value a, glia_value b) {
    return a.id == 0 ? a : binary(d, GLIA_BINARY_DIV, a, b);
}

glia_value gli_formula_scale(gli_derivation *d, glia_value a, double factor) {
    return a.id == 0 || factor == 1 ? a : binary(d, GLIA_BINARY_MUL, a, gli_formula_number(d, a, factor));
}

glia_value gli_formula_linear(gli_derivation *d, glia_value a, double factor, double number) {
    return binary(d, GLIA_BINARY_ADD, gli_formula_scale(d, a, factor), gli_formula_number(d, a, number));
}

glia_value gli_formula_unary(gli_derivation *d, glia_unary_kind kind, glia_value a) {
    const glia_unary_params params = glia_unary_defaults(kind);
    return gli_derive(d, &gli_op_unary, &params, a);
}

glia_value gli_formula_sign(gli_derivation *d, glia_value a) {
    const glia_value minus = gli_formula_unary(d, GLIA_UNARY_NEG, a);
    return gli_formula_sub(d, gli_formula_unary(d, GLIA_UNARY_STEP, a), gli_formula_unary(d, GLIA_UNARY_STEP, minus));
}

glia_value gli_formula_sum(gli_derivation *d, glia_value a, unsigned axes) {
    const glia_reduce_params sum = {.kind = GLIA_REDUCE_SUM, .axes = axes, .keep_dims = true};
    return a.id == 0 || axes == 0 ? a : gli_derive(d, &gli_op_reduce, &sum, a);
}

glia_value gli_formula_sum_to(gli_derivation *d, glia_value a, unsigned repeated, int input_ndim) {
    if (a.id == 0) return a;
    const int missing              = glia_graph_shape(d->graph, a).ndim - input_ndim;
    const glia_reduce_params front = {.axes = (1u << missing) - 1};
    if (front.axes) a = gli_derive(d, &gli_op_reduce, &front, a);
    return gli_formula_sum(d, a, repeated >> missing);
}

glia_value gli_formula_reshape(gli_derivation *d, glia_value a, glia_shape shape) {
    const glia_reshape_params params = {.shape = shape};
    return a.id == 0 ? a : gli_derive(d, &gli_op_reshape, &params, a);
}

glia_value gli_formula_expand(gli_derivation *d, glia_value a, glia_shape shape) {
    const glia_expand_params params = {.shape = shape};
    return a.id == 0 ? a : gli_derive(d, &gli_op_expand, &params, a);
}

glia_value gli_formula_cast(gli_derivation *d, glia_value a, glia_dtype dtype) {
    const glia_cast_params params = {.dtype = dtype};
    return a.id == 0 || glia_graph_dtype(d->graph, a) == dtype ? a : gli_derive(d, &gli_op_cast, &params, a);
}

glia_value gli_formula_wide(gli_derivation *d, glia_value a) {
    return a.id == 0 ? a : gli_formula_cast(d, a, gli_dtype_wide(glia_graph_dtype(d->graph, a)));
}
