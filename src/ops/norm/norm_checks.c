#include "ops/norm/norm_checks.h"

#include <math.h>

#include "core/context_impl.h"

glia_status gli_norm_epsilon(const gli_resolution *r, double epsilon, double *out) {
    *out = epsilon;
    return gli_check_epsilon(r, epsilon);
}

glia_status gli_norm_product(const gli_resolution *r, int first, int last, int *out) {
    double product = 1;
    for (int i = first; i < last; ++i) product *= (double)r->in[0]->dim[i];
    GLI_REQUIRE(r->ctx, product <= INT32_MAX, GLIA_UNSUPPORTED, "%s: %s is %s, dimensions of more than 2^31-1 elements",
                r->op->name, r->op->inputs[0].name, GLI_SHAPE_OF(r->in[0]));
    *out = (int)product;
    return GLIA_OK;
}

glia_status gli_norm_image(const gli_resolution *r, int *n, int *c, int *area) {
    const glia_tensor *x = r->in[0];
    GLI_REQUIRE(r->ctx, x->ndim >= 2, GLIA_SHAPE_MISMATCH, "%s: %s is %s, must be [N,C,...]", r->op->name,
                r->op->inputs[0].name, GLI_SHAPE_OF(x));
    GLI_TRY(gli_norm_product(r, 0, 1, n));
    GLI_TRY(gli_norm_product(r, 1, 2, c));
    return gli_norm_product(r, 2, x->ndim, area);
}

glia_status gli_norm_vectors(const gli_resolution *r, int first, int last, int ndim, const int64_t *dim) {
    for (int i = first; i < last; ++i)
        if (gli_norm_has(r, i)) GLI_TRY(gli_check_shape(r, i, ndim, dim));
    return GLIA_OK;
}

double gli_norm_largest_rstd(double epsilon) { return fmax(1, 1 / sqrt(fmax(epsilon, 1e-12))); }

double gli_norm_depth(double n, double epsilon) {
    return (gli_sum_depth(n) + 2) * gli_norm_largest_rstd(epsilon) + gli_sum_depth(n) + 8;
}

glia_status gli_norm_has_no_residual(glia_context *ctx, const gli_op *op, const glia_norm_gradients *gradients) {
    if (!gradients->dresidual) return GLIA_OK;
    GLI_TRY(gli_enter(ctx));
    gli_fail(ctx, GLIA_INVALID_ARGUMENT, "%s: dresidual is given, but only batchnorm has a residual", op->name);
    gli_leave(ctx);
    return GLIA_INVALID_ARGUMENT;
}

glia_status gli_norm_call_backward(glia_context *ctx, const gli_op *op, const void *params, const glia_tensor *x,
                                   const glia_tensor *dy, const glia_norm_saved *saved, glia_tensor *dx,
                                   const glia_norm_gradients *gradients) {
    const glia_norm_saved nothing_saved = {0};
    const glia_norm_gradients none      = {0};
    if (!saved) saved = &nothing_saved;
    if (!gradients) gradients = &none;
    GLI_TRY(gli_norm_has_no_residual(ctx, op, gradients));
    return gli_call_op(ctx, op, params, GLI_IN(x, dy, saved->weight, saved->mean, saved->rstd),
                       GLI_OUT(dx, gradients->dweight, gradients->dbias));
}
