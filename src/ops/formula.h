/* Formulas over the values of a graph, for derive rules. A value with id 0 is zeros, as in a derivation; what is
 * divided by, added to a number, or an argument of a function is another. */
#ifndef GLI_OPS_FORMULA_H
#define GLI_OPS_FORMULA_H

#include "core/derive.h"
#include "glia/ops.h"

/* a + b, a - b, a b, a / b, with binary's broadcasting. */
glia_value gli_formula_add(gli_derivation *d, glia_value a, glia_value b);
glia_value gli_formula_sub(gli_derivation *d, glia_value a, glia_value b);
glia_value gli_formula_mul(gli_derivation *d, glia_value a, glia_value b);
glia_value gli_formula_div(gli_derivation *d, glia_value a, glia_value b);

/* A scalar of a's dtype. */
glia_value gli_formula_number(gli_derivation *d, glia_value a, double number);

/* factor a, and factor a + number. */
glia_value gli_formula_scale(gli_derivation *d, glia_value a, double factor);
glia_value gli_formula_linear(gli_derivation *d, glia_value a, double factor, double number);

/* f(a), with the usual alpha and beta. */
glia_value gli_formula_unary(gli_derivation *d, glia_unary_kind kind, glia_value a);

/* -1, 0 or 1; its derivative is 0 everywhere. */
glia_value gli_formula_sign(gli_derivation *d, glia_value a);

/* The sum over the axes, which stay with size 1. */
glia_value gli_formula_sum(gli_derivation *d, glia_value a, unsigned axes);

/* Of a value in the shape of a broadcast: the sum over the axes that an input of input_ndim axes repeats, in the shape
 * of that input. */
glia_value gli_formula_sum_to(gli_derivation *d, glia_value a, unsigned repeated, int input_ndim);

glia_value gli_formula_reshape(gli_derivation *d, glia_value a, glia_shape shape);
glia_value gli_formula_expand(gli_derivation *d, glia_value a, glia_shape shape);

/* As this dtype; wide: as f32 where it is bf16 or f16. */
glia_value gli_formula_cast(gli_derivation *d, glia_value a, glia_dtype dtype);
glia_value gli_formula_wide(gli_derivation *d, glia_value a);

#endif
