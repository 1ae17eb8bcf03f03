#include "ops/elementwise/unary_geom.h"

#include <math.h>

#include "core/derive.h"
#include "ops/check.h"

static const char *const names[GLIA_UNARY_COUNT] = {
#define X(name, text) text,
    GLIA_UNARY_LIST(X)
#undef X
};

const char *glia_unary_name(glia_unary_kind kind) { return (unsigned)kind < GLIA_UNARY_COUNT ? names[kind] : "?"; }

static double or_default(float value, double otherwise) { return value != 0 ? (double)value : otherwise; }

static glia_status resolve_kind(const glia_resolution *r, const glia_unary_params *p, glia_unary_geom *g) {
    const char *op = r->op->name;
    GLIA_REQUIRE(r->ctx, (unsigned)p->kind < GLIA_UNARY_COUNT, GLIA_INVALID_ARGUMENT, "%s: kind is %d, must be 0 to %d",
                 op, (int)p->kind, GLIA_UNARY_COUNT - 1);
    const char *name = names[p->kind];
    if (p->kind == GLIA_CLIP) {
        GLIA_REQUIRE(r->ctx, p->alpha <= p->beta, GLIA_INVALID_ARGUMENT,
                     "%s: clip from alpha %g to beta %g, alpha must not be above beta", op, (double)p->alpha,
                     (double)p->beta);
    } else {
        GLIA_REQUIRE(r->ctx, isfinite(p->alpha) && isfinite(p->beta), GLIA_INVALID_ARGUMENT,
                     "%s: %s with alpha %g and beta %g, must be finite", op, name, (double)p->alpha, (double)p->beta);
    }
    g->kind = p->kind;
    switch (p->kind) {
        case GLIA_LEAKY_RELU: g->alpha = or_default(p->alpha, 0.01); break;
        case GLIA_ELU:
        case GLIA_SOFTPLUS: g->alpha = or_default(p->alpha, 1); break;
        case GLIA_HARD_SIGMOID: g->alpha = or_default(p->alpha, 1.0 / 6), g->beta = or_default(p->beta, 0.5); break;
        case GLIA_CLIP: g->alpha = p->alpha, g->beta = p->beta; break;
        default: break;
    }
    return GLIA_OK;
}

/* The cheapest inputs that f' can be computed from: nothing before y before x. */
static glia_unary_from source_of(glia_unary_kind kind, double alpha) {
    switch (kind) {
        case GLIA_LINEAR:
        case GLIA_STEP:
        case GLIA_NEG: return GLIA_FROM_NEITHER;
        case GLIA_SIGMOID:
        case GLIA_TANH:
        case GLIA_RELU:
        case GLIA_SELU:
        case GLIA_SOFTPLUS:
        case GLIA_SOFTSIGN:
        case GLIA_HARD_SIGMOID:
        case GLIA_EXP:
        case GLIA_SQRT: return GLIA_FROM_Y;
        case GLIA_LEAKY_RELU:
        case GLIA_ELU: return alpha > 0 ? GLIA_FROM_Y : GLIA_FROM_X;
        default: return GLIA_FROM_X;
    }
}

static glia_status resolve_forward(glia_resolution *r) {
    glia_unary_geom *g   = r->geom;
    const glia_tensor *x = r->in[UNARY_X];
    GLIA_TRY(glia_check_floats(r));
    GLIA_TRY(resolve_kind(r, r->params, g));
    g->count = (int)glia_count(x);
    glia_set_shape(&r->out[0], x->dtype, x->ndim, x->dim);
    return GLIA_OK;
}

static glia_status resolve_backward(glia_resolution *r) {
    glia_unary_geom *g    = r->geom;
    const glia_tensor *dy = r->in[UNARY_BACKWARD_DY];
    GLIA_TRY(glia_check_floats(r));
    GLIA_TRY(resolve_kind(r, r->params, g));
    for (int i = UNARY_BACKWARD_X; i <= UNARY_BACKWARD_Y; ++i)
        if (r->in[i]) GLIA_TRY(glia_check_shape(r, i, dy->ndim, dy->dim));
    g->from = source_of(g->kind, g->alpha);
    if (g->from == GLIA_FROM_Y && !r->in[UNARY_BACKWARD_Y]) g->from = GLIA_FROM_X;
    GLIA_REQUIRE(r->ctx, g->from != GLIA_FROM_X || r->in[UNARY_BACKWARD_X], GLIA_INVALID_ARGUMENT,
                 "%s: the derivative of %s needs %s, which is NULL", r->op->name, names[g->kind],
                 source_of(g->kind, g->alpha) == GLIA_FROM_Y ? "y or x" : "x");
    g->count = (int)glia_count(dy);
    glia_set_shape(&r->out[0], dy->dtype, dy->ndim, dy->dim);
    return GLIA_OK;
}

static void cost(const void *geom, glia_cost *out) {
    *out = (glia_cost){.flops = ((const glia_unary_geom *)geom)->count, .depth = 4};
}

static bool whole(double value) { return value == floor(value) && fabs(value) <= 4; }

static bool exact(const void *geom) {
    const glia_unary_geom *g = geom;
    switch (g->kind) {
        case GLIA_LINEAR:
        case GLIA_STEP:
        case GLIA_RELU:
        case GLIA_ABS:
        case GLIA_NEG:
        case GLIA_SQUARE: return true;
        case GLIA_LEAKY_RELU: return whole(g->alpha);
        case GLIA_CLIP: return whole(g->alpha) && whole(g->beta);
        default: return false;
    }
}

static void derive(glia_derivation *d) {
    const glia_unary_geom *g = d->geom;
    const glia_value none    = {0};
    if (g->kind == GLIA_LINEAR) {
        d->din[UNARY_X] = d->dout[0];
        return;
    }
    const glia_unary_from from = source_of(g->kind, g->alpha);
    d->din[UNARY_X] = glia_derive(d, &glia_op_unary_backward, d->params, from == GLIA_FROM_X ? d->in[UNARY_X] : none,
                                  from == GLIA_FROM_Y ? d->out[0] : none, d->dout[0]);
}

glia_value glia_derive_activation(glia_derivation *d, glia_unary_kind kind, glia_value y, glia_value dy) {
    if (kind == GLIA_LINEAR) return dy;
    const glia_unary_params params = {.kind = kind};
    return glia_derive(d, &glia_op_unary_backward, &params, (glia_value){0}, y, dy);
}

static const char *const forward_in[] = {"x"}, *const forward_out[] = {"y"};
static const char *const backward_in[] = {"x", "y", "dy"}, *const backward_out[] = {"dx"};

const glia_op glia_op_unary = {
    .name           = "unary",
    .in_names       = forward_in,
    .out_names      = forward_out,
    .params_size    = sizeof(glia_unary_params),
    .geom_size      = sizeof(glia_unary_geom),
    .min_in         = 1,
    .max_in         = 1,
    .n_out          = 1,
    .differentiable = 1,
    .layout         = GLIA_LAYOUT_FOLLOW,
    .in_place       = {1 + UNARY_X},
    .resolve        = resolve_forward,
    .cost           = cost,
    .exact          = exact,
    .derive         = derive,
};

const glia_op glia_op_unary_backward = {
    .name        = "unary_backward",
    .in_names    = backward_in,
    .out_names   = backward_out,
    .params_size = sizeof(glia_unary_params),
    .geom_size   = sizeof(glia_unary_geom),
    .min_in      = 3,
    .max_in      = 3,
    .n_out       = 1,
    .optional_in = 1u << UNARY_BACKWARD_X | 1u << UNARY_BACKWARD_Y,
    .layout      = GLIA_LAYOUT_FOLLOW,
    .in_place    = {1 + UNARY_BACKWARD_DY},
    .resolve     = resolve_backward,
    .cost        = cost,
    .exact       = exact,
};

glia_status glia_unary(glia_context *ctx, const glia_unary_params *params, const glia_tensor *x, glia_tensor *y) {
    return glia_call_op(ctx, &glia_op_unary, params, 1, (const glia_tensor *[]){x}, 1, (glia_tensor *[]){y});
}

glia_status glia_unary_backward(glia_context *ctx, const glia_unary_params *params, const glia_tensor *x,
                                const glia_tensor *y, const glia_tensor *dy, glia_tensor *dx) {
    return glia_call_op(ctx, &glia_op_unary_backward, params, 3, (const glia_tensor *[]){x, y, dy}, 1,
                        (glia_tensor *[]){dx});
}
