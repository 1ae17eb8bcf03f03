#include "ops/norm/norm_derive.h"

#include "core/op.h"
#include "ops/formula.h"

static glia_value normalised(gli_derivation *d, const gli_norm_view *view, glia_value x, glia_value mean,
                             glia_value rstd) {
    x    = gli_formula_reshape(d, gli_formula_wide(d, x), view->x);
    mean = gli_formula_reshape(d, mean, view->stats);
    return gli_formula_mul(d, gli_formula_sub(d, x, mean), rstd);
}

static double group_size(const gli_norm_view *view) {
    double size = 1;
    for (int i = 0; i < view->x.ndim; ++i) size *= view->group >> i & 1 ? (double)view->x.dim[i] : 1;
    return size;
}

/* What comes back through mean and rstd, whose derivatives are 1 / n and - rstd^2 xhat / n. Both are wide, x may be
 * half. */
static glia_value through_stats(gli_derivation *d, const gli_norm_view *view, glia_value mean, glia_value rstd) {
    const glia_value x     = d->in[GLI_NORM_X];
    const glia_value dmean = gli_formula_reshape(d, d->dout[GLI_NORM_MEAN], view->stats);
    const glia_value drstd = gli_formula_reshape(d, d->dout[GLI_NORM_RSTD], view->stats);
    glia_value sum         = dmean;
    if (drstd.id) {
        rstd                  = gli_formula_reshape(d, rstd, view->stats);
        const glia_value xhat = normalised(d, view, x, mean, rstd);
        const glia_value drop = gli_formula_mul(d, drstd, gli_formula_unary(d, GLIA_UNARY_SQUARE, rstd));
        sum                   = gli_formula_sub(d, dmean, gli_formula_mul(d, drop, xhat));
    }
    const glia_value dx = gli_formula_expand(d, gli_formula_scale(d, sum, 1 / group_size(view)), view->x);
    return gli_formula_cast(d, gli_formula_reshape(d, dx, glia_graph_shape(d->graph, x)),
                            glia_graph_dtype(d->graph, x));
}

void gli_norm_derive(gli_derivation *d, const gli_op *backward, const void *params, const gli_norm_view *view) {
    glia_value stats[3] = {d->out[GLI_NORM_Y], d->out[GLI_NORM_MEAN], d->out[GLI_NORM_RSTD]}, out[4] = {{0}};
    if (stats[GLI_NORM_MEAN].id == 0 || stats[GLI_NORM_RSTD].id == 0)
        gli_derive_call(d, d->op, d->params, 1, &d->in[GLI_NORM_X], 3, stats);
    const glia_value none = {0}, weight = d->n_in > GLI_NORM_WEIGHT ? d->in[GLI_NORM_WEIGHT] : none;
    const glia_value in[] = {d->in[GLI_NORM_X],    d->dout[GLI_NORM_Y],  weight,
                             stats[GLI_NORM_MEAN], stats[GLI_NORM_RSTD], view->y};
    const int n_in = view->y.id ? 6 : 5, n_vectors = gli_requested(d, GLI_NORM_BIAS)     ? 3
                                                     : gli_requested(d, GLI_NORM_WEIGHT) ? 2
                                                                                         : 1;
    if (d->dout[GLI_NORM_Y].id) gli_derive_call(d, backward, params, n_in, in, view->dresidual ? 4 : n_vectors, out);
    for (int i = 0; i < n_vectors; ++i)
        if (gli_requested(d, i)) d->din[i] = out[i];
    if (view->dresidual) *view->dresidual = out[3];
    if (gli_requested(d, GLI_NORM_X))
        d->din[GLI_NORM_X] =
            gli_formula_add(d, d->din[GLI_NORM_X], through_stats(d, view, stats[GLI_NORM_MEAN], stats[GLI_NORM_RSTD]));
}

static glia_value group_mean(gli_derivation *d, const gli_norm_view *view, glia_value v) {
    return gli_formula_scale(d, gli_formula_sum(d, v, view->group), 1 / group_size(view));
}

/* The gradient by weight or bias, from what each element of x adds to it. */
static glia_value vector_sum(gli_derivation *d, const gli_norm_view *view, glia_value terms, int output) {
    return gli_formula_reshape(d, gli_formula_sum(d, terms, view->shared), glia_graph_shape(d->graph, d->out[output]));
}

void gli_norm_compose(gli_derivation *d, const gli_norm_view *view, glia_value rstd, glia_value *out) {
    const glia_value x      = d->in[GLI_NORM_BACK_X];
    const glia_value dy     = gli_formula_reshape(d, gli_formula_wide(d, d->in[GLI_NORM_BACK_DY]), view->x);
    rstd                    = gli_formula_reshape(d, rstd, view->stats);
    const glia_value xhat   = normalised(d, view, x, d->in[GLI_NORM_BACK_MEAN], rstd);
    const glia_value weight = gli_formula_reshape(d, d->in[GLI_NORM_BACK_WEIGHT], view->weight);
    const glia_value g      = weight.id ? gli_formula_mul(d, dy, weight) : dy;
    glia_value dx           = g;
    if (view->group) {
        const glia_value slope = group_mean(d, view, gli_formula_mul(d, g, xhat));
        dx = gli_formula_sub(d, gli_formula_sub(d, g, group_mean(d, view, g)), gli_formula_mul(d, xhat, slope));
    }
    out[GLI_NORM_BACK_DX]      = gli_formula_reshape(d, gli_formula_mul(d, dx, rstd), glia_graph_shape(d->graph, x));
    out[GLI_NORM_BACK_DWEIGHT] = vector_sum(d, view, gli_formula_mul(d, dy, xhat), GLI_NORM_BACK_DWEIGHT);
    out[GLI_NORM_BACK_DBIAS]   = vector_sum(d, view, dy, GLI_NORM_BACK_DBIAS);
}
