#include "ops/elementwise/binary_geom.h"

#include "core/derive.h"
#include "core/size.h"
#include "ops/check.h"
#include "ops/elementwise/broadcast_shape.h"
#include "ops/formula.h"

static const char *const kinds[] = {"add",   "sub",       "mul",  "div",        "pow",     "minimum",      "maximum",
                                    "equal", "not_equal", "less", "less_equal", "greater", "greater_equal"};

static bool is_comparison(glia_binary_kind kind) { return kind >= GLIA_BINARY_EQUAL; }

static glia_status resolve(gli_resolution *r) {
    const glia_binary_params *p = r->params;
    gli_binary_geom *g          = r->geom;
    const glia_tensor *a = r->in[GLI_BINARY_A], *b = r->in[GLI_BINARY_B];
    gli_broadcast y;
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_check_broadcast(r, 2, &y));
    for (int i = 0; i < y.ndim; ++i) g->dim[i] = (int)y.dim[i];
    g->a_repeated = y.repeated[GLI_BINARY_A], g->b_repeated = y.repeated[GLI_BINARY_B];
    g->kind = p->kind, g->ndim = y.ndim, g->a_ndim = a->ndim, g->b_ndim = b->ndim;
    g->count = y.count, g->a_count = (int)gli_count(a), g->b_count = (int)gli_count(b);
    gli_set_shape(&r->out[0], a->dtype, y.ndim, y.dim);
    return GLIA_OK;
}

static glia_status resolve_backward(gli_resolution *r) {
    const glia_tensor *a = r->in[GLI_BINARY_A], *b = r->in[GLI_BINARY_B];
    GLI_TRY(resolve(r));
    GLI_TRY(gli_check_shape(r, GLI_BINARY_DY, r->out[0].ndim, r->out[0].dim));
    gli_set_shape(&r->out[GLI_BINARY_DA], a->dtype, a->ndim, a->dim);
    gli_set_shape(&r->out[GLI_BINARY_DB], b->dtype, b->ndim, b->dim);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    *out = (gli_cost){.flops = ((const gli_binary_geom *)geom)->count, .depth = 1};
}

static void cost_backward(const void *geom, gli_cost *out) {
    const gli_binary_geom *g = geom;
    const int64_t fewest     = gli_max_i64(gli_min_i64(g->a_count, g->b_count), 1);
    *out = (gli_cost){.flops = 4.0 * g->count, .depth = 4 + gli_sum_depth((double)g->count / (double)fewest)};
}

static bool exact(const void *geom) {
    const glia_binary_kind kind = ((const gli_binary_geom *)geom)->kind;
    return kind != GLIA_BINARY_DIV && kind != GLIA_BINARY_POW;
}

/* Sums and differences need neither input, and a product without broadcasting needs only the other one. */
static void derive(gli_derivation *d) {
    const gli_binary_geom *g = d->geom;
    const glia_value dy      = d->dout[0];
    if (is_comparison(g->kind)) return;
    if (g->kind == GLIA_BINARY_ADD || g->kind == GLIA_BINARY_SUB) {
        if (gli_requested(d, GLI_BINARY_A)) d->din[GLI_BINARY_A] = gli_formula_sum_to(d, dy, g->a_repeated, g->a_ndim);
        if (!gli_requested(d, GLI_BINARY_B)) return;
        const glia_value sum = gli_formula_sum_to(d, dy, g->b_repeated, g->b_ndim);
        d->din[GLI_BINARY_B] = g->kind == GLIA_BINARY_SUB ? gli_formula_unary(d, GLIA_UNARY_NEG, sum) : sum;
        return;
    }
    const bool full_a = !g->a_repeated && g->a_ndim == g->ndim, full_b = !g->b_repeated && g->b_ndim == g->ndim;
    const bool simple_a = full_a && (g->kind == GLIA_BINARY_MUL || g->kind == GLIA_BINARY_DIV),
               simple_b = full_b && g->kind == GLIA_BINARY_MUL;
    if (gli_requested(d, GLI_BINARY_A) && simple_a)
        d->din[GLI_BINARY_A] = gli_derive(d, &gli_op_binary, d->params, dy, d->in[GLI_BINARY_B]);
    if (gli_requested(d, GLI_BINARY_B) && simple_b)
        d->din[GLI_BINARY_B] = gli_derive(d, &gli_op_binary, d->params, dy, d->in[GLI_BINARY_A]);
    const bool left_a = gli_requested(d, GLI_BINARY_A) && !simple_a,
               left_b = gli_requested(d, GLI_BINARY_B) && !simple_b;
    if (!left_a && !left_b) return;
    glia_value out[2];
    gli_derive_call(d, &gli_op_binary_backward, d->params, 3,
                    (glia_value[]){d->in[GLI_BINARY_A], d->in[GLI_BINARY_B], dy}, left_b ? 2 : 1, out);
    if (left_a) d->din[GLI_BINARY_A] = out[GLI_BINARY_DA];
    if (left_b) d->din[GLI_BINARY_B] = out[GLI_BINARY_DB];
}

static glia_value power(gli_derivation *d, glia_value a, glia_value b) {
    const glia_binary_params pow = {.kind = GLIA_BINARY_POW};
    return gli_derive(d, &gli_op_binary, &pow, a, b);
}

/* a to the power of b - 1. Where b is so large that b - 1 has no number, b is even, and so is what b - 1 becomes: the
 * sign of a negative a is missing. */
static glia_value power_less_one(gli_derivation *d, glia_value a, glia_value b) {
    const glia_value less    = gli_formula_linear(d, b, 1, -1);
    const glia_value lost    = gli_formula_linear(d, gli_formula_sub(d, b, less), 1, -1);
    const glia_value rounded = gli_formula_linear(d, gli_formula_unary(d, GLIA_UNARY_SQUARE, lost), 1, -0.5);
    const glia_value below   = gli_formula_unary(d, GLIA_UNARY_STEP, gli_formula_unary(d, GLIA_UNARY_NEG, a));
    const glia_value flips   = gli_formula_mul(d, below, gli_formula_unary(d, GLIA_UNARY_STEP, rounded));
    return gli_formula_mul(d, power(d, a, less), gli_formula_linear(d, flips, -2, 1));
}

/* dy times the derivatives of y, as the header lists them, both of y's shape. */
static void slopes(gli_derivation *d, glia_value *da, glia_value *db) {
    const gli_binary_geom *g = d->geom;
    const glia_value a = d->in[GLI_BINARY_A], b = d->in[GLI_BINARY_B], dy = d->in[GLI_BINARY_DY];
    switch (g->kind) {
        case GLIA_BINARY_ADD:
        case GLIA_BINARY_SUB:
            *da = dy;
            *db = g->kind == GLIA_BINARY_SUB ? gli_formula_scale(d, dy, -1) : dy;
            break;
        case GLIA_BINARY_MUL:
            *da = gli_formula_mul(d, dy, b);
            *db = gli_formula_mul(d, dy, a);
            break;
        case GLIA_BINARY_DIV:
            *da = gli_formula_div(d, dy, b);
            *db = gli_formula_scale(d, gli_formula_div(d, gli_formula_mul(d, *da, a), b), -1);
            break;
        case GLIA_BINARY_POW:
            *da = gli_formula_mul(d, gli_formula_mul(d, dy, b), power_less_one(d, a, b));
            *db = gli_formula_mul(d, gli_formula_mul(d, dy, power(d, a, b)), gli_formula_unary(d, GLIA_UNARY_LOG, a));
            break;
        case GLIA_BINARY_MINIMUM:
        case GLIA_BINARY_MAXIMUM: { /* half of dy to each, and half of it more to the one that was taken */
            const glia_value half  = gli_formula_scale(d, dy, 0.5);
            const glia_value order = gli_formula_mul(d, half, gli_formula_sign(d, gli_formula_sub(d, a, b)));
            const bool larger      = g->kind == GLIA_BINARY_MAXIMUM;
            *da                    = larger ? gli_formula_add(d, half, order) : gli_formula_sub(d, half, order);
            *db                    = larger ? gli_formula_sub(d, half, order) : gli_formula_add(d, half, order);
            break;
        }
        default: break; /* comparisons: 0 */
    }
}

static void compose_backward(gli_derivation *d, glia_value *out) {
    const gli_binary_geom *g = d->geom;
    glia_value da = {0}, db = {0};
    slopes(d, &da, &db);
    out[GLI_BINARY_DA] = gli_formula_sum_to(d, da, g->a_repeated, g->a_ndim);
    out[GLI_BINARY_DB] = gli_formula_sum_to(d, db, g->b_repeated, g->b_ndim);
}

static void derive_backward(gli_derivation *d) { gli_derive_composition(d, compose_backward); }

static const gli_op_input forward_inputs[] = {
    [GLI_BINARY_A] = {"a", GLI_IN_GRADIENT},
    [GLI_BINARY_B] = {"b", GLI_IN_GRADIENT},
};
static const gli_op_output forward_outputs[] = {{"y", GLI_OUT_GRADIENT | GLI_OUT_IN_PLACE, GLI_BINARY_A}};

static const gli_op_param fields[] = {
    GLI_PARAM_NAMED(glia_binary_params, kind, kinds),
};
static const glia_binary_params defaults = {.kind = GLIA_BINARY_ADD};

const gli_op gli_op_binary = {
    .name = "binary",
    GLI_INPUTS(forward_inputs),
    GLI_OUTPUTS(forward_outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_binary_geom),
    .layout    = GLI_LAYOUT_FOLLOW,
    .resolve   = resolve,
    .cost      = cost,
    .exact     = exact,
    .derive    = derive,
};

static const gli_op_input backward_inputs[] = {
    [GLI_BINARY_A]  = {"a", GLI_IN_GRADIENT},
    [GLI_BINARY_B]  = {"b", GLI_IN_GRADIENT},
    [GLI_BINARY_DY] = {"dy", GLI_IN_GRADIENT},
};
static const gli_op_output backward_outputs[] = {
    [GLI_BINARY_DA] = {"da", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL},
    [GLI_BINARY_DB] = {"db", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL},
};

const gli_op gli_op_binary_backward = {
    .name = "binary_backward",
    GLI_INPUTS(backward_inputs),
    GLI_OUTPUTS(backward_outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_binary_geom),
    .layout    = GLI_LAYOUT_DENSE,
    .resolve   = resolve_backward,
    .cost      = cost_backward,
    .exact     = exact,
    .derive    = derive_backward,
};

glia_status glia_binary(glia_context *ctx, const glia_binary_params *params, const glia_tensor *a, const glia_tensor *b,
                        glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_binary, params, GLI_IN(a, b), GLI_OUT(y));
}

glia_status glia_binary_backward(glia_context *ctx, const glia_binary_params *params, const glia_tensor *a,
                                 const glia_tensor *b, const glia_tensor *dy, glia_tensor *da, glia_tensor *db) {
    return gli_call_op(ctx, &gli_op_binary_backward, params, GLI_IN(a, b, dy), GLI_OUT(da, db));
}
