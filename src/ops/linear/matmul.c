#include "ops/linear/matmul_geom.h"

#include <math.h>

#include "core/derive.h"
#include "ops/check.h"
#include "ops/formula.h"

/* Size of the dimension of x that is aligned with dimension i of y's ndim; 1 where it has none. */
static int64_t dim_under(const glia_tensor *x, int ndim, int i) {
    const int own = i - (ndim - x->ndim);
    return own < 0 ? 1 : x->dim[own];
}

/* The step of the dense tensor there; 0 where it repeats. */
static int step_under(const glia_tensor *x, int ndim, int i) {
    int64_t step = 1;
    if (gli_count(x) == 0 || dim_under(x, ndim, i) == 1) return 0;
    for (int k = x->ndim - 1; k > i - (ndim - x->ndim); --k) step *= x->dim[k];
    return (int)step;
}

/* How x broadcasts to the first `dims` dimensions of y; false: it does not. */
static bool broadcast(const glia_tensor *x, const glia_tensor *y, int dims, gli_matmul_broadcast *out) {
    if (x->ndim > y->ndim) return false;
    out->missing = y->ndim - x->ndim;
    for (int i = 0; i < dims; ++i) {
        const int64_t size = dim_under(x, y->ndim, i);
        if (size != 1 && size != y->dim[i]) return false;
        if (i >= out->missing && size != y->dim[i]) out->stretched |= 1u << i;
        if (i < y->ndim - 2) out->step[i] = step_under(x, y->ndim, i);
    }
    return true;
}

/* y's leading dimensions: a's and b's, broadcast. */
static glia_status resolve_batch(const gli_resolution *r, gli_matmul_geom *g) {
    const glia_tensor *a = r->in[GLI_MATMUL_A], *b = r->in[GLI_MATMUL_B];
    const int ndim = a->ndim > b->ndim ? a->ndim : b->ndim;
    g->batch_ndim  = ndim - 2;
    for (int i = 0; i < g->batch_ndim; ++i) {
        const int64_t in_a = dim_under(a, ndim, i), in_b = dim_under(b, ndim, i), size = in_a == 1 ? in_b : in_a;
        GLI_REQUIRE(r->ctx, in_a == in_b || in_a == 1 || in_b == 1, GLIA_SHAPE_MISMATCH,
                    "matmul: a is %s, b is %s: leading dimensions %lld and %lld do not broadcast", GLI_SHAPE_OF(a),
                    GLI_SHAPE_OF(b), (long long)in_a, (long long)in_b);
        GLI_REQUIRE(r->ctx, size <= INT32_MAX, GLIA_UNSUPPORTED,
                    "matmul: a is %s, b is %s: a dimension has more than 2^31-1 elements", GLI_SHAPE_OF(a),
                    GLI_SHAPE_OF(b));
        g->batch[i] = (int)size;
    }
    return GLIA_OK;
}

static glia_status resolve_matrices(const gli_resolution *r, const glia_matmul_params *p, gli_matmul_geom *g) {
    const glia_tensor *a = r->in[GLI_MATMUL_A], *b = r->in[GLI_MATMUL_B];
    const int64_t *a_dim = a->dim + a->ndim - 2, *b_dim = b->dim + b->ndim - 2;
    const int64_t m = a_dim[p->transpose_a], k = a_dim[!p->transpose_a];
    const int64_t n = b_dim[!p->transpose_b], b_k = b_dim[p->transpose_b];
    GLI_REQUIRE(r->ctx, k == b_k, GLIA_SHAPE_MISMATCH,
                "matmul: a is %s%s, b is %s%s: %lld and %lld elements to sum over", GLI_SHAPE_OF(a),
                p->transpose_a ? " transposed" : "", GLI_SHAPE_OF(b), p->transpose_b ? " transposed" : "", (long long)k,
                (long long)b_k);
    GLI_REQUIRE(r->ctx, m <= INT32_MAX && n <= INT32_MAX && k <= INT32_MAX, GLIA_UNSUPPORTED,
                "matmul: a is %s, b is %s: a dimension has more than 2^31-1 elements", GLI_SHAPE_OF(a),
                GLI_SHAPE_OF(b));
    g->m = (int)m, g->n = (int)n, g->k = (int)k;
    g->transpose_a = p->transpose_a, g->transpose_b = p->transpose_b;
    g->alpha = p->alpha, g->beta = p->beta;
    return GLIA_OK;
}

static glia_status resolve_inputs(const gli_resolution *r, gli_matmul_geom *g) {
    const glia_tensor *c = r->n_in > GLI_MATMUL_C ? r->in[GLI_MATMUL_C] : NULL, *y = &r->out[0];
    broadcast(r->in[GLI_MATMUL_A], y, g->batch_ndim, &g->a);
    broadcast(r->in[GLI_MATMUL_B], y, g->batch_ndim, &g->b);
    if (!c) return GLIA_OK;
    GLI_REQUIRE(r->ctx, broadcast(c, y, y->ndim, &g->c), GLIA_SHAPE_MISMATCH,
                "matmul: c is %s, which does not broadcast to y's shape %s", GLI_SHAPE_OF(c), GLI_SHAPE_OF(y));
    g->reads_c  = (c->dtype == GLIA_F64 ? g->beta : (float)g->beta) != 0; /* as the provider sees it */
    g->c_row    = step_under(c, y->ndim, y->ndim - 2);
    g->c_column = step_under(c, y->ndim, y->ndim - 1);
    return GLIA_OK;
}

static glia_status resolve(gli_resolution *r) {
    const glia_matmul_params *p = r->params;
    gli_matmul_geom *g          = r->geom;
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_check_finite(r, "alpha", p->alpha, r->in[GLI_MATMUL_A]->dtype));
    GLI_TRY(gli_check_finite(r, "beta", p->beta, r->in[GLI_MATMUL_A]->dtype));
    for (int i = GLI_MATMUL_A; i <= GLI_MATMUL_B; ++i)
        GLI_REQUIRE(r->ctx, r->in[i]->ndim >= 2, GLIA_SHAPE_MISMATCH, "matmul: %s is %s, must have 2 to %d dimensions",
                    r->op->inputs[i].name, GLI_SHAPE_OF(r->in[i]), GLIA_MAX_DIMS);
    GLI_TRY(resolve_matrices(r, p, g));
    GLI_TRY(resolve_batch(r, g));

    int64_t dim[GLIA_MAX_DIMS];
    for (int i = 0; i < g->batch_ndim; ++i) dim[i] = g->batch[i];
    dim[g->batch_ndim]     = g->m;
    dim[g->batch_ndim + 1] = g->n;
    gli_set_shape(&r->out[0], r->in[0]->dtype, g->batch_ndim + 2, dim);
    return resolve_inputs(r, g);
}

static void cost(const void *geom, gli_cost *out) {
    const gli_matmul_geom *g = geom;
    double products          = (double)g->m * g->n * g->k;
    for (int i = 0; i < g->batch_ndim; ++i) products *= g->batch[i];
    *out = (gli_cost){.flops = 2 * products, .depth = gli_sum_depth(g->k) + 3};
}

static bool small_integer(double x) { return x == rint(x) && fabs(x) <= 8; }

static bool exact(const void *geom) {
    const gli_matmul_geom *g = geom;
    return small_integer(g->alpha) && small_integer(g->beta);
}

/* The sum of v, which has y's leading dimensions, over those along which the input was broadcast. */
static glia_value sum_back(gli_derivation *d, const gli_matmul_broadcast *of, glia_value v) {
    const glia_reduce_params stretched = {.kind = GLIA_REDUCE_SUM, .axes = of->stretched, .keep_dims = true};
    const glia_reduce_params missing   = {.kind = GLIA_REDUCE_SUM, .axes = (1u << of->missing) - 1};
    if (stretched.axes) v = gli_derive(d, &gli_op_reduce, &stretched, v);
    return missing.axes ? gli_derive(d, &gli_op_reduce, &missing, v) : v;
}

static void derive(gli_derivation *d) {
    const gli_matmul_geom *g = d->geom;
    const glia_value a = d->in[GLI_MATMUL_A], b = d->in[GLI_MATMUL_B], dy = d->dout[0];
    const bool ta = g->transpose_a, tb = g->transpose_b;
    if (gli_requested(d, GLI_MATMUL_A)) { /* dy op(b)^T, or its transpose */
        const glia_matmul_params p = {.transpose_a = ta && tb, .transpose_b = ta || !tb, .alpha = g->alpha, .beta = 1};
        const glia_value product =
            ta ? gli_derive(d, &gli_op_matmul, &p, b, dy) : gli_derive(d, &gli_op_matmul, &p, dy, b);
        d->din[GLI_MATMUL_A] = sum_back(d, &g->a, product);
    }
    if (gli_requested(d, GLI_MATMUL_B)) { /* op(a)^T dy, or its transpose */
        const glia_matmul_params p = {.transpose_a = tb || !ta, .transpose_b = ta && tb, .alpha = g->alpha, .beta = 1};
        const glia_value product =
            tb ? gli_derive(d, &gli_op_matmul, &p, dy, a) : gli_derive(d, &gli_op_matmul, &p, a, dy);
        d->din[GLI_MATMUL_B] = sum_back(d, &g->b, product);
    }
    if (gli_requested(d, GLI_MATMUL_C) && g->reads_c)
        d->din[GLI_MATMUL_C] = gli_formula_scale(d, sum_back(d, &g->c, dy), g->beta);
}

static const gli_op_input inputs[] = {
    [GLI_MATMUL_A] = {"a", GLI_IN_GRADIENT},
    [GLI_MATMUL_B] = {"b", GLI_IN_GRADIENT},
    [GLI_MATMUL_C] = {"c", GLI_IN_GRADIENT | GLI_IN_OPTIONAL},
};
static const gli_op_output outputs[] = {{"y", GLI_OUT_GRADIENT}};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_matmul_params, transpose_a),
    GLI_PARAM(glia_matmul_params, transpose_b),
    GLI_PARAM(glia_matmul_params, alpha),
    GLI_PARAM(glia_matmul_params, beta),
};
static const glia_matmul_params defaults = {.alpha = 1, .beta = 1};

const gli_op gli_op_matmul = {
    .name = "matmul",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_matmul_geom),
    .resolve   = resolve,
    .cost      = cost,
    .exact     = exact,
    .derive    = derive,
};

glia_matmul_params glia_matmul_defaults(void) { return defaults; }

glia_status glia_matmul(glia_context *ctx, const glia_matmul_params *params, const glia_tensor *a, const glia_tensor *b,
                        const glia_tensor *c, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_matmul, params, GLI_IN(a, b, c), GLI_OUT(y));
}
