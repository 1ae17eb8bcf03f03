#include "ops/norm/norm_checks.h"

#include <math.h>

const char *const glia_norm_back_in[]  = {"x", "dy", "weight", "mean", "rstd"};
const char *const glia_norm_back_out[] = {"dx", "dweight", "dbias"};

glia_status glia_norm_epsilon(const glia_resolution *r, double epsilon, double *out) {
    GLIA_REQUIRE(r->ctx, isfinite(epsilon) && epsilon >= 0, GLIA_INVALID_ARGUMENT,
                 "%s: epsilon is %g, must be positive", r->op->name, epsilon);
    *out = epsilon > 0 ? epsilon : 1e-5;
    return GLIA_OK;
}

glia_status glia_norm_product(const glia_resolution *r, int first, int last, int *out) {
    double product = 1;
    for (int i = first; i < last; ++i) product *= (double)r->in[0]->dim[i];
    GLIA_REQUIRE(r->ctx, product <= INT32_MAX, GLIA_UNSUPPORTED,
                 "%s: %s is %s, dimensions of more than 2^31-1 elements", r->op->name, r->op->in_names[0],
                 GLIA_SHAPE_OF(r->in[0]));
    *out = (int)product;
    return GLIA_OK;
}

glia_status glia_norm_image(const glia_resolution *r, int *n, int *c, int *area) {
    const glia_tensor *x = r->in[0];
    GLIA_REQUIRE(r->ctx, x->ndim >= 2, GLIA_SHAPE_MISMATCH, "%s: %s is %s, must be [N,C,...]", r->op->name,
                 r->op->in_names[0], GLIA_SHAPE_OF(x));
    GLIA_TRY(glia_norm_product(r, 0, 1, n));
    GLIA_TRY(glia_norm_product(r, 1, 2, c));
    return glia_norm_product(r, 2, x->ndim, area);
}

glia_status glia_norm_vectors(const glia_resolution *r, int first, int last, int ndim, const int64_t *dim) {
    for (int i = first; i < last; ++i)
        if (glia_norm_has(r, i)) GLIA_TRY(glia_check_shape(r, i, ndim, dim));
    return GLIA_OK;
}

double glia_norm_depth(double n, double epsilon) { return (n + 2) * fmax(1, 1 / sqrt(epsilon)) + n + 8; }

void glia_norm_derive(glia_derivation *d, const glia_op *backward, const void *params) {
    glia_value stats[3] = {d->out[NORM_Y], d->out[NORM_MEAN], d->out[NORM_RSTD]}, out[3];
    if (stats[NORM_MEAN].id == 0 || stats[NORM_RSTD].id == 0)
        glia_derive_call(d, d->op, d->params, 1, &d->in[NORM_X], 3, stats);
    const glia_value none = {0}, weight = d->n_in > NORM_WEIGHT ? d->in[NORM_WEIGHT] : none;
    const glia_value in[] = {d->in[NORM_X], d->dout[NORM_Y], weight, stats[NORM_MEAN], stats[NORM_RSTD]};
    const int n_out       = glia_wants(d, NORM_BIAS) ? 3 : glia_wants(d, NORM_WEIGHT) ? 2 : 1;
    glia_derive_call(d, backward, params, 5, in, n_out, out);
    for (int i = 0; i < n_out; ++i)
        if (glia_wants(d, i)) d->din[i] = out[i];
}

glia_status glia_norm_call_backward(glia_context *ctx, const glia_op *op, const void *params, const glia_tensor *x,
                                    const glia_tensor *dy, const glia_norm_saved *saved, glia_tensor *const out[3]) {
    const glia_norm_saved none = {0};
    if (!saved) saved = &none;
    return glia_call_op(ctx, op, params, 5, (const glia_tensor *[]){x, dy, saved->weight, saved->mean, saved->rstd}, 3,
                        out);
}
