#include "ops/elementwise/unary_geom.h"

#include <math.h>

#include "core/derive.h"
#include "ops/check.h"
#include "ops/elementwise/activation.h"
#include "ops/formula.h"

const char *const gli_unary_names[GLIA_UNARY_COUNT] = {
#define X(name, text) text,
    GLIA_UNARY_LIST(X)
#undef X
};

const char *glia_unary_name(glia_unary_kind kind) {
    return (unsigned)kind < GLIA_UNARY_COUNT ? gli_unary_names[kind] : "?";
}

/* alpha and beta that are usual for each kind. */
static const glia_unary_params defaults[GLIA_UNARY_COUNT] = {
    [GLIA_UNARY_LEAKY_RELU] = {.alpha = 0.01},    [GLIA_UNARY_ELU] = {.alpha = 1},
    [GLIA_UNARY_SOFTPLUS] = {.alpha = 1},         [GLIA_UNARY_HARD_SIGMOID] = {.alpha = 1.0 / 6, .beta = 0.5},
    [GLIA_UNARY_CLIP] = {.alpha = -1, .beta = 1},
};

glia_unary_params glia_unary_defaults(glia_unary_kind kind) {
    glia_unary_params p = defaults[(unsigned)kind < GLIA_UNARY_COUNT ? kind : GLIA_UNARY_LINEAR];
    p.kind              = kind;
    return p;
}

static void defaults_of(const void *params, void *out) {
    const glia_unary_params p         = glia_unary_defaults(((const glia_unary_params *)params)->kind);
    ((glia_unary_params *)out)->alpha = p.alpha, ((glia_unary_params *)out)->beta = p.beta;
}

static bool reads_alpha(glia_unary_kind kind) {
    return kind == GLIA_UNARY_LEAKY_RELU || kind == GLIA_UNARY_ELU || kind == GLIA_UNARY_SOFTPLUS ||
           kind == GLIA_UNARY_HARD_SIGMOID || kind == GLIA_UNARY_CLIP;
}

static bool reads_beta(glia_unary_kind kind) { return kind == GLIA_UNARY_HARD_SIGMOID || kind == GLIA_UNARY_CLIP; }

static glia_status resolve_kind(const gli_resolution *r, glia_dtype dtype, gli_unary_geom *g) {
    const glia_unary_params *p = r->params;
    const char *op             = r->op->name;
    g->kind                    = p->kind;
    g->alpha                   = reads_alpha(p->kind) ? p->alpha : 0;
    g->beta                    = reads_beta(p->kind) ? p->beta : 0;
    if (p->kind == GLIA_UNARY_CLIP) {
        GLI_REQUIRE(r->ctx, p->alpha <= p->beta, GLIA_INVALID_ARGUMENT,
                    "%s: clip from alpha %g to beta %g, alpha must not be above beta", op, p->alpha, p->beta);
        return GLIA_OK;
    }
    GLI_TRY(gli_check_finite(r, "alpha", g->alpha, dtype));
    GLI_TRY(gli_check_finite(r, "beta", g->beta, dtype));
    GLI_REQUIRE(r->ctx, p->kind != GLIA_UNARY_SOFTPLUS || p->alpha != 0, GLIA_INVALID_ARGUMENT,
                "%s: softplus with alpha 0, which it divides by", op);
    return GLIA_OK;
}

/* The cheapest input that f' can be computed from: none, else y, else x. */
static gli_unary_from source_of(glia_unary_kind kind, double alpha) {
    switch (kind) {
        case GLIA_UNARY_LINEAR:
        case GLIA_UNARY_STEP:
        case GLIA_UNARY_NEG:
        case GLIA_UNARY_STOP_GRADIENT: return GLI_FROM_NEITHER;
        case GLIA_UNARY_SIGMOID:
        case GLIA_UNARY_TANH:
        case GLIA_UNARY_RELU:
        case GLIA_UNARY_SELU:
        case GLIA_UNARY_SOFTPLUS:
        case GLIA_UNARY_SOFTSIGN:
        case GLIA_UNARY_HARD_SIGMOID:
        case GLIA_UNARY_EXP:
        case GLIA_UNARY_SQRT: return GLI_FROM_Y;
        case GLIA_UNARY_LEAKY_RELU:
        case GLIA_UNARY_ELU: return alpha > 0 ? GLI_FROM_Y : GLI_FROM_X;
        default: return GLI_FROM_X;
    }
}

static glia_status resolve_forward(gli_resolution *r) {
    gli_unary_geom *g    = r->geom;
    const glia_tensor *x = r->in[GLI_UNARY_X];
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(resolve_kind(r, x->dtype, g));
    g->count = (int)gli_count(x);
    gli_set_shape(&r->out[0], x->dtype, x->ndim, x->dim);
    return GLIA_OK;
}

static glia_status resolve_backward(gli_resolution *r) {
    gli_unary_geom *g     = r->geom;
    const glia_tensor *dy = r->in[GLI_UNARY_BACKWARD_DY];
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(resolve_kind(r, dy->dtype, g));
    for (int i = GLI_UNARY_BACKWARD_X; i <= GLI_UNARY_BACKWARD_Y; ++i)
        if (r->in[i]) GLI_TRY(gli_check_shape(r, i, dy->ndim, dy->dim));
    g->from = source_of(g->kind, g->alpha);
    if (g->from == GLI_FROM_Y && !r->in[GLI_UNARY_BACKWARD_Y]) g->from = GLI_FROM_X;
    GLI_REQUIRE(r->ctx, g->from != GLI_FROM_X || r->in[GLI_UNARY_BACKWARD_X], GLIA_INVALID_ARGUMENT,
                "%s: the derivative of %s needs %s, which is NULL", r->op->name, gli_unary_names[g->kind],
                source_of(g->kind, g->alpha) == GLI_FROM_Y ? "y or x" : "x");
    g->count = (int)gli_count(dy);
    gli_set_shape(&r->out[0], dy->dtype, dy->ndim, dy->dim);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    *out = (gli_cost){.flops = ((const gli_unary_geom *)geom)->count, .depth = 4};
}

static bool whole(double value) { return value == floor(value) && fabs(value) <= 4; }

static bool exact(const void *geom) {
    const gli_unary_geom *g = geom;
    switch (g->kind) {
        case GLIA_UNARY_LINEAR:
        case GLIA_UNARY_STEP:
        case GLIA_UNARY_RELU:
        case GLIA_UNARY_ABS:
        case GLIA_UNARY_NEG:
        case GLIA_UNARY_SQUARE:
        case GLIA_UNARY_STOP_GRADIENT: return true;
        case GLIA_UNARY_LEAKY_RELU: return whole(g->alpha);
        case GLIA_UNARY_CLIP: return whole(g->alpha) && whole(g->beta);
        default: return false;
    }
}

static void derive(gli_derivation *d) {
    const gli_unary_geom *g = d->geom;
    const glia_value none   = {0};
    if (g->kind == GLIA_UNARY_STEP || g->kind == GLIA_UNARY_STOP_GRADIENT) return;
    if (g->kind == GLIA_UNARY_LINEAR) {
        d->din[GLI_UNARY_X] = d->dout[0];
        return;
    }
    const gli_unary_from from = source_of(g->kind, g->alpha);
    d->din[GLI_UNARY_X] =
        gli_derive(d, &gli_op_unary_backward, d->params, from == GLI_FROM_X ? d->in[GLI_UNARY_X] : none,
                   from == GLI_FROM_Y ? d->out[0] : none, d->dout[0]);
}

glia_value gli_derive_activation(gli_derivation *d, glia_unary_kind kind, glia_value y, glia_value dy) {
    if (kind == GLIA_UNARY_LINEAR) return dy;
    const glia_unary_params params = glia_unary_defaults(kind);
    return gli_derive(d, &gli_op_unary_backward, &params, (glia_value){0}, y, dy);
}

/* v, kept below where its powers overflow, at a bound where f'' is 0 in every dtype. */
static glia_value bounded(gli_derivation *d, glia_value v, double bound) {
    const glia_unary_params clip = {.kind = GLIA_UNARY_CLIP, .alpha = -bound, .beta = bound};
    return gli_derive(d, &gli_op_unary, &clip, v);
}

/* The derivative of sigmoid at v. 1 minus a value near it would cancel. */
static glia_value sigmoid_slope(gli_derivation *d, glia_value v) {
    const glia_value minus = gli_formula_unary(d, GLIA_UNARY_NEG, v);
    return gli_formula_mul(d, gli_formula_unary(d, GLIA_UNARY_SIGMOID, v),
                           gli_formula_unary(d, GLIA_UNARY_SIGMOID, minus));
}

/* f' of gelu is phi + x phi', and phi'' is -x phi'. */
static glia_value gelu_curvature(gli_derivation *d, glia_value x) {
    const double inverse_sqrt_two_pi = 0.39894228040143267794;
    const glia_value square          = gli_formula_unary(d, GLIA_UNARY_SQUARE, bounded(d, x, 40));
    const glia_value bell            = gli_formula_unary(d, GLIA_UNARY_EXP, gli_formula_scale(d, square, -0.5));
    const glia_value two_less        = gli_formula_linear(d, square, -1, 2);
    return gli_formula_scale(d, gli_formula_mul(d, two_less, bell), inverse_sqrt_two_pi);
}

/* With t = tanh(u): f' = (1 + t) / 2 + x/2 (1 - t^2) u', so f'' = (1 - t^2) (u' - x t u'^2 + x/2 u''). 1 - t^2 is 4
 * times the derivative of sigmoid at 2 u. */
static glia_value gelu_tanh_curvature(gli_derivation *d, glia_value unbounded) {
    const double c = 0.79788456080286535588, cubic = 0.044715;
    const glia_value x      = bounded(d, unbounded, 22);
    const glia_value square = gli_formula_unary(d, GLIA_UNARY_SQUARE, x);
    const glia_value u      = gli_formula_mul(d, x, gli_formula_linear(d, square, c * cubic, c));
    const glia_value u1     = gli_formula_linear(d, square, 3 * c * cubic, c);
    const glia_value t      = gli_formula_unary(d, GLIA_UNARY_TANH, u);
    const glia_value flat   = gli_formula_scale(d, sigmoid_slope(d, gli_formula_scale(d, u, 2)), 4);
    const glia_value bend   = gli_formula_mul(d, gli_formula_mul(d, x, t), gli_formula_unary(d, GLIA_UNARY_SQUARE, u1));
    const glia_value rest   = gli_formula_add(d, u1, gli_formula_scale(d, square, 3 * c * cubic));
    return gli_formula_mul(d, flat, gli_formula_sub(d, rest, bend));
}

/* s (1 - s) (2 + x (1 - 2 s)) */
static glia_value silu_curvature(gli_derivation *d, glia_value x) {
    const glia_value odd = gli_formula_linear(d, gli_formula_unary(d, GLIA_UNARY_SIGMOID, x), -2, 1);
    return gli_formula_mul(d, sigmoid_slope(d, x), gli_formula_linear(d, gli_formula_mul(d, x, odd), 1, 2));
}

/* 1 where v > 0, 0 elsewhere; and the opposite. */
static glia_value above(gli_derivation *d, glia_value v) { return gli_formula_unary(d, GLIA_UNARY_STEP, v); }
static glia_value not_above(gli_derivation *d, glia_value v) { return gli_formula_linear(d, above(d, v), -1, 1); }

/* The derivative of f', as a function of v: of y if f' is computed from y as a rule, else of x. id 0: 0 everywhere but
 * at kinks. */
static glia_value curvature(gli_derivation *d, const gli_unary_geom *g, glia_value v) {
    const glia_value none = {0};
    switch (g->kind) {
        case GLIA_UNARY_SIGMOID: return gli_formula_linear(d, v, -2, 1);
        case GLIA_UNARY_TANH: return gli_formula_scale(d, v, -2);
        case GLIA_UNARY_SELU: return not_above(d, v);
        case GLIA_UNARY_ELU: /* of x: f' itself where it is exp */
            return g->alpha > 0 ? not_above(d, v)
                                : gli_derive(d, &gli_op_unary_backward, d->params, v, none, not_above(d, v));
        case GLIA_UNARY_GELU: return gelu_curvature(d, v);
        case GLIA_UNARY_GELU_TANH: return gelu_tanh_curvature(d, v);
        case GLIA_UNARY_SILU: return silu_curvature(d, v);
        case GLIA_UNARY_SOFTPLUS:
            return gli_formula_scale(d, gli_formula_unary(d, GLIA_UNARY_EXP, gli_formula_scale(d, v, -g->alpha)),
                                     g->alpha);
        case GLIA_UNARY_SOFTSIGN: return gli_formula_scale(d, gli_formula_sub(d, v, gli_formula_sign(d, v)), 2);
        case GLIA_UNARY_HARD_SWISH: { /* 1/3 between the corners at -3 and 3 */
            const glia_value left  = above(d, gli_formula_linear(d, v, 1, 3)),
                             right = above(d, gli_formula_linear(d, v, -1, 3));
            return gli_formula_linear(d, gli_formula_add(d, left, right), 1.0 / 3, -1.0 / 3);
        }
        case GLIA_UNARY_EXP: return gli_formula_number(d, v, 1);
        case GLIA_UNARY_SQUARE: return gli_formula_number(d, v, 2);
        case GLIA_UNARY_LOG:
            return gli_formula_div(d, gli_formula_number(d, v, -1), gli_formula_unary(d, GLIA_UNARY_SQUARE, v));
        case GLIA_UNARY_SQRT:
            return gli_formula_div(d, gli_formula_number(d, v, -0.5), gli_formula_unary(d, GLIA_UNARY_SQUARE, v));
        case GLIA_UNARY_SIN:
        case GLIA_UNARY_COS: return gli_formula_scale(d, gli_formula_unary(d, g->kind, v), -1);
        default: return none;
    }
}

/* dx = f' dy is linear in dy. The gradient with respect to v, of which f' is a function here, is dy f''; if v would be
 * y as a rule but is x, y is computed once more, and the gradient goes on through f. */
static void derive_backward(gli_derivation *d) {
    const gli_unary_geom *g = d->geom;
    const glia_value none = {0}, x = d->in[GLI_UNARY_BACKWARD_X], y = d->in[GLI_UNARY_BACKWARD_Y];
    const int source   = g->from == GLI_FROM_X ? GLI_UNARY_BACKWARD_X : GLI_UNARY_BACKWARD_Y;
    const bool through = g->from == GLI_FROM_X && source_of(g->kind, g->alpha) == GLI_FROM_Y;
    if (gli_requested(d, GLI_UNARY_BACKWARD_DY))
        d->din[GLI_UNARY_BACKWARD_DY] = gli_derive(d, &gli_op_unary_backward, d->params, x, y, d->dout[0]);
    if (g->from == GLI_FROM_NEITHER || !gli_requested(d, source)) return;
    const glia_value v    = through ? gli_derive(d, &gli_op_unary, d->params, x) : d->in[source];
    const glia_value both = gli_formula_mul(d, d->dout[0], d->in[GLI_UNARY_BACKWARD_DY]);
    const glia_value dv   = gli_formula_mul(d, both, curvature(d, g, v));
    d->din[source]        = through && dv.id ? gli_derive(d, &gli_op_unary_backward, d->params, x, none, dv) : dv;
}

static const gli_op_input forward_inputs[] = {
    [GLI_UNARY_X] = {"x", GLI_IN_GRADIENT},
};
static const gli_op_output forward_outputs[] = {{"y", GLI_OUT_GRADIENT | GLI_OUT_IN_PLACE, GLI_UNARY_X}};

static const gli_op_param fields[] = {
    GLI_PARAM_NAMED(glia_unary_params, kind, gli_unary_names),
    GLI_PARAM(glia_unary_params, alpha),
    GLI_PARAM(glia_unary_params, beta),
};

const gli_op gli_op_unary = {
    .name = "unary",
    GLI_INPUTS(forward_inputs),
    GLI_OUTPUTS(forward_outputs),
    GLI_PARAMS(fields, defaults[GLIA_UNARY_LINEAR]),
    .defaults_of = defaults_of,
    .geom_size   = sizeof(gli_unary_geom),
    .layout      = GLI_LAYOUT_FOLLOW,
    .resolve     = resolve_forward,
    .cost        = cost,
    .exact       = exact,
    .derive      = derive,
};

static const gli_op_input backward_inputs[] = {
    [GLI_UNARY_BACKWARD_X]  = {"x", GLI_IN_GRADIENT | GLI_IN_OPTIONAL},
    [GLI_UNARY_BACKWARD_Y]  = {"y", GLI_IN_GRADIENT | GLI_IN_OPTIONAL},
    [GLI_UNARY_BACKWARD_DY] = {"dy", GLI_IN_GRADIENT},
};
static const gli_op_output backward_outputs[] = {{"dx", GLI_OUT_GRADIENT | GLI_OUT_IN_PLACE, GLI_UNARY_BACKWARD_DY}};

const gli_op gli_op_unary_backward = {
    .name = "unary_backward",
    GLI_INPUTS(backward_inputs),
    GLI_OUTPUTS(backward_outputs),
    GLI_PARAMS(fields, defaults[GLIA_UNARY_LINEAR]),
    .defaults_of = defaults_of,
    .geom_size   = sizeof(gli_unary_geom),
    .layout      = GLI_LAYOUT_FOLLOW,
    .resolve     = resolve_backward,
    .cost        = cost,
    .exact       = exact,
    .derive      = derive_backward,
};

glia_status glia_unary(glia_context *ctx, const glia_unary_params *params, const glia_tensor *x, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_unary, params, GLI_IN(x), GLI_OUT(y));
}

glia_status glia_unary_backward(glia_context *ctx, const glia_unary_params *params, const glia_tensor *x,
                                const glia_tensor *y, const glia_tensor *dy, glia_tensor *dx) {
    return gli_call_op(ctx, &gli_op_unary_backward, params, GLI_IN(x, y, dy), GLI_OUT(dx));
}
