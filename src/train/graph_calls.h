/* Ops of a step. */
#ifndef GLI_TRAIN_GRAPH_CALLS_H
#define GLI_TRAIN_GRAPH_CALLS_H

#include "glia/ops/elementwise.h"
#include "glia/ops/reduce.h"
#include "nn/emission.h"

glia_value gli_emit_call(const gli_emission *e, const gli_op *op, const void *params, int n_in, const glia_value *in);

glia_value gli_emit_unary(const gli_emission *e, glia_unary_kind kind, double alpha, double beta, glia_value x);
glia_value gli_emit_binary(const gli_emission *e, glia_binary_kind kind, glia_value a, glia_value b);

/* Over axes, or GLIA_ALL_AXES. */
glia_value gli_emit_reduce(const gli_emission *e, glia_reduce_kind kind, unsigned axes, glia_value x);

/* The index of the largest along axis 1, of classes. */
glia_value gli_emit_argmax(const gli_emission *e, glia_value x);

/* A scalar. */
glia_value gli_emit_number(const gli_emission *e, glia_dtype dtype, double number);

/* The value in this dtype, itself where it has it. */
glia_value gli_emit_cast(const gli_emission *e, glia_value value, glia_dtype dtype);

/* A value of the definition, which id `value` has, as the program gets it: halves as f32. */
glia_value gli_emit_prediction(const gli_emission *e, int value);

/* In the shape of `like`, where it has as many elements in another number of dimensions: [N] stands for [N,1]. */
glia_value gli_emit_like(const gli_emission *e, glia_value value, glia_value like);

/* Of two whole numbers in f64: 0 where they are equal, else 1. */
glia_value gli_emit_differs(const gli_emission *e, glia_value a, glia_value b);

bool gli_is_index(glia_dtype dtype);
int64_t gli_shape_count(glia_shape shape);

#endif
