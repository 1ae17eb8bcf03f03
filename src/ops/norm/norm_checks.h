/* What the normalisations' contracts share. */
#ifndef GLI_OPS_NORM_NORM_CHECKS_H
#define GLI_OPS_NORM_NORM_CHECKS_H

#include "ops/check.h"
#include "ops/norm/norm_geom.h"

static inline bool gli_norm_has(const gli_resolution *r, int i) { return i < r->n_in && r->in[i]; }

/* It is finite and not negative. */
glia_status gli_norm_epsilon(const gli_resolution *r, double epsilon, double *out);

/* The product of dimensions first .. last-1 of input 0, which fits an int. */
glia_status gli_norm_product(const gli_resolution *r, int first, int last, int *out);

/* Input 0 as [N,C,area]. */
glia_status gli_norm_image(const gli_resolution *r, int *n, int *c, int *area);

/* Every input of the list first .. last-1 that is present has this shape. */
glia_status gli_norm_vectors(const gli_resolution *r, int first, int last, int ndim, const int64_t *dim);

/* The depth of an op that computes the statistics of n elements: the mean is a sum of n, and its error reaches y
 * multiplied by rstd, which is at most 1 / sqrt(epsilon); so does the rounding of x - mean. The variance is another sum
 * of n whose error is relative, then come a handful of steps. Where the data's variance is far above epsilon the bound
 * is too large by that factor; tests that need a tight one choose epsilon = 1. */
double gli_norm_depth(double n, double epsilon);

/* 1 / sqrt(epsilon), and at least 1. For the bound an epsilon below 1e-12 counts as that. */
double gli_norm_largest_rstd(double epsilon);

/* dresidual, which batchnorm alone has, is NULL. */
glia_status gli_norm_has_no_residual(glia_context *ctx, const gli_op *op, const glia_norm_gradients *gradients);

/* The public backward functions: inputs and outputs in the order of the enums above. */
glia_status gli_norm_call_backward(glia_context *ctx, const gli_op *op, const void *params, const glia_tensor *x,
                                   const glia_tensor *dy, const glia_norm_saved *saved, glia_tensor *dx,
                                   const glia_norm_gradients *gradients);

#endif
