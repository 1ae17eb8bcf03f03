#include "ops/loss/loss_geom.h"

#include <math.h>

#include "core/derive.h"
#include "core/size.h"
#include "ops/check.h"
#include "ops/formula.h"
#include "ops/loss/loss_names.h"

const char *const gli_loss_names[] = {
    [GLIA_LOSS_NONE]                      = "none",
    [GLIA_LOSS_MSE]                       = "mse",
    [GLIA_LOSS_MAE]                       = "mae",
    [GLIA_LOSS_HUBER]                     = "huber",
    [GLIA_LOSS_BCE]                       = "bce",
    [GLIA_LOSS_BCE_LOGITS]                = "bce_logits",
    [GLIA_LOSS_KL]                        = "kl",
    [GLIA_LOSS_CROSS_ENTROPY]             = "cross_entropy",
    [GLIA_LOSS_CATEGORICAL_CROSS_ENTROPY] = "categorical_cross_entropy",
    [GLIA_LOSS_NLL]                       = "nll",
    [GLIA_LOSS_FOCAL]                     = "focal",
    [GLIA_LOSS_DICE]                      = "dice",
    [GLIA_LOSS_IOU]                       = "iou",
};
const char *const gli_reduction_names[] = {
    [GLIA_REDUCTION_MEAN] = "mean", [GLIA_REDUCTION_SUM] = "sum", [GLIA_REDUCTION_NONE] = "none"};

const char *glia_loss_name(glia_loss_kind kind) {
    return (unsigned)kind < GLI_COUNT_OF(gli_loss_names) ? gli_loss_names[kind] : "?";
}

static glia_status check_params(const gli_resolution *r, const glia_loss_params *p) {
    GLI_REQUIRE(r->ctx, p->kind >= GLIA_LOSS_MSE && p->kind <= GLIA_LOSS_KL, GLIA_INVALID_ARGUMENT,
                "%s: kind is %s, must be mse, mae, huber, bce, bce_logits or kl", r->op->name, gli_loss_names[p->kind]);
    GLI_REQUIRE(r->ctx, p->kind != GLIA_LOSS_HUBER || (p->delta > 0 && p->delta < INFINITY), GLIA_INVALID_ARGUMENT,
                "%s: delta is %g, must be positive and finite", r->op->name, p->delta);
    return GLIA_OK;
}

/* Sets the geometry, and the shape of the loss. */
static glia_status resolve_geometry(const gli_resolution *r, glia_tensor *loss) {
    const glia_loss_params *p     = r->params;
    gli_loss_geom *g              = r->geom;
    const glia_tensor *prediction = r->in[GLI_LOSS_PREDICTION];
    const glia_tensor *weight     = r->n_in > GLI_LOSS_WEIGHT ? r->in[GLI_LOSS_WEIGHT] : NULL;
    GLI_TRY(check_params(r, p));
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_check_shape(r, GLI_LOSS_TARGET, prediction->ndim, prediction->dim));
    g->shared = 1;
    if (weight && weight->ndim == 1 && prediction->ndim > 1) {
        GLI_TRY(gli_check_dims(r, GLI_LOSS_WEIGHT, prediction->dim[0]));
        if (weight->dim[0] > 0) g->shared = (int)gli_max_i64(gli_count(prediction) / weight->dim[0], 1);
    } else if (weight) {
        GLI_TRY(gli_check_shape(r, GLI_LOSS_WEIGHT, prediction->ndim, prediction->dim));
    }
    g->count      = (int)gli_count(prediction);
    g->kind       = p->kind;
    g->reduction  = p->reduction;
    g->log_target = p->log_target;
    g->delta      = p->kind == GLIA_LOSS_HUBER ? p->delta : 0;
    gli_set_shape(loss, prediction->dtype, p->reduction == GLIA_REDUCTION_NONE ? prediction->ndim : 0, prediction->dim);
    return GLIA_OK;
}

static glia_status resolve_forward(gli_resolution *r) { return resolve_geometry(r, &r->out[0]); }

static glia_status resolve_backward(gli_resolution *r) {
    const glia_tensor *prediction = r->in[GLI_LOSS_PREDICTION];
    glia_tensor loss              = {0};
    GLI_TRY(resolve_geometry(r, &loss));
    GLI_TRY(gli_check_shape(r, GLI_LOSS_DY, loss.ndim, loss.dim));
    gli_set_shape(&r->out[GLI_LOSS_BACK_DPREDICTION], prediction->dtype, prediction->ndim, prediction->dim);
    gli_set_shape(&r->out[GLI_LOSS_BACK_Y], loss.dtype, loss.ndim, loss.dim);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    const gli_loss_geom *g = geom;
    const double terms     = g->reduction == GLIA_REDUCTION_NONE ? 0 : g->count;
    *out                   = (gli_cost){.flops = 4.0 * g->count, .depth = 8 + gli_sum_depth(terms)};
}

static bool exact_forward(const void *geom) {
    const gli_loss_geom *g = geom;
    return (g->kind == GLIA_LOSS_MSE || g->kind == GLIA_LOSS_MAE) && g->reduction != GLIA_REDUCTION_MEAN;
}

static void derive(gli_derivation *d) {
    const glia_value weight     = d->n_in > GLI_LOSS_WEIGHT ? d->in[GLI_LOSS_WEIGHT] : (glia_value){0};
    d->din[GLI_LOSS_PREDICTION] = gli_derive(d, &gli_op_loss_backward, d->params, d->in[GLI_LOSS_PREDICTION],
                                             d->in[GLI_LOSS_TARGET], weight, d->dout[0]);
}

/* The derivative of a term with respect to p, before its weight. */
static glia_value slope(gli_derivation *d, glia_value p, glia_value t) {
    const gli_loss_geom *g = d->geom;
    const glia_value off   = gli_formula_sub(d, p, t);
    switch (g->kind) {
        case GLIA_LOSS_MSE: return gli_formula_scale(d, off, 2);
        case GLIA_LOSS_MAE: return gli_formula_sign(d, off);
        case GLIA_LOSS_HUBER: {
            const glia_unary_params bounds = {.kind = GLIA_UNARY_CLIP, .alpha = -g->delta, .beta = g->delta};
            return gli_derive(d, &gli_op_unary, &bounds, off);
        }
        case GLIA_LOSS_BCE: {
            const glia_binary_params maximum = {.kind = GLIA_BINARY_MAXIMUM};
            const glia_value variance        = gli_formula_sub(d, p, gli_formula_unary(d, GLIA_UNARY_SQUARE, p));
            return gli_formula_div(d, off,
                                   gli_derive(d, &gli_op_binary, &maximum, variance, gli_formula_number(d, p, 1e-12)));
        }
        case GLIA_LOSS_BCE_LOGITS: return gli_formula_sub(d, gli_formula_unary(d, GLIA_UNARY_SIGMOID, p), t);
        default: /* kl, which is linear in p */
            return gli_formula_scale(d, g->log_target ? gli_formula_unary(d, GLIA_UNARY_EXP, t) : t, -1);
    }
}

static void compose_backward(gli_derivation *d, glia_value *out) {
    const gli_loss_geom *g = d->geom;
    glia_value dy = d->in[GLI_LOSS_DY], weight = d->in[GLI_LOSS_WEIGHT];
    if (g->reduction == GLIA_REDUCTION_MEAN) dy = gli_formula_scale(d, dy, g->count > 0 ? 1.0 / g->count : 0);
    if (weight.id && g->shared > 1) {
        glia_shape shape = glia_graph_shape(d->graph, d->in[GLI_LOSS_PREDICTION]);
        for (int i = 1; i < shape.ndim; ++i) shape.dim[i] = 1;
        weight = gli_formula_reshape(d, weight, shape);
    }
    if (weight.id) dy = gli_formula_mul(d, dy, weight);
    out[GLI_LOSS_BACK_DPREDICTION] =
        gli_formula_mul(d, slope(d, d->in[GLI_LOSS_PREDICTION], d->in[GLI_LOSS_TARGET]), dy);
    if (d->dout[GLI_LOSS_BACK_Y].id)
        out[GLI_LOSS_BACK_Y] = gli_derive(d, &gli_op_loss, d->params, d->in[GLI_LOSS_PREDICTION],
                                          d->in[GLI_LOSS_TARGET], d->in[GLI_LOSS_WEIGHT]);
}

static void derive_backward(gli_derivation *d) { gli_derive_composition(d, compose_backward); }

static const gli_op_input forward_inputs[] = {
    [GLI_LOSS_PREDICTION] = {"prediction", GLI_IN_GRADIENT},
    [GLI_LOSS_TARGET]     = {"target", 0},
    [GLI_LOSS_WEIGHT]     = {"weight", GLI_IN_OPTIONAL},
};
static const gli_op_output forward_outputs[] = {{"y", GLI_OUT_GRADIENT}};

static const gli_op_param fields[] = {
    GLI_PARAM_NAMED(glia_loss_params, kind, gli_loss_names),
    GLI_PARAM_NAMED(glia_loss_params, reduction, gli_reduction_names),
    GLI_PARAM(glia_loss_params, delta),
    GLI_PARAM(glia_loss_params, log_target),
};
static const glia_loss_params defaults = {.kind = GLIA_LOSS_MSE, .delta = 1};

const gli_op gli_op_loss = {
    .name = "loss",
    GLI_INPUTS(forward_inputs),
    GLI_OUTPUTS(forward_outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_loss_geom),
    .resolve   = resolve_forward,
    .cost      = cost,
    .exact     = exact_forward,
    .derive    = derive,
};

static const gli_op_input backward_inputs[] = {
    [GLI_LOSS_PREDICTION] = {"prediction", GLI_IN_GRADIENT},
    [GLI_LOSS_TARGET]     = {"target", 0},
    [GLI_LOSS_WEIGHT]     = {"weight", GLI_IN_OPTIONAL},
    [GLI_LOSS_DY]         = {"dy", GLI_IN_GRADIENT},
};
static const gli_op_output backward_outputs[] = {
    [GLI_LOSS_BACK_DPREDICTION] = {"dprediction", GLI_OUT_GRADIENT},
    [GLI_LOSS_BACK_Y]           = {"y", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL},
};

const gli_op gli_op_loss_backward = {
    .name = "loss_backward",
    GLI_INPUTS(backward_inputs),
    GLI_OUTPUTS(backward_outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_loss_geom),
    .resolve   = resolve_backward,
    .cost      = cost,
    .derive    = derive_backward,
};

glia_loss_params glia_loss_defaults(void) { return defaults; }

glia_status glia_loss(glia_context *ctx, const glia_loss_params *params, const glia_tensor *prediction,
                      const glia_tensor *target, const glia_tensor *weight, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_loss, params, GLI_IN(prediction, target, weight), GLI_OUT(y));
}

glia_status glia_loss_backward(glia_context *ctx, const glia_loss_params *params, const glia_tensor *prediction,
                               const glia_tensor *target, const glia_tensor *weight, const glia_tensor *dy,
                               glia_tensor *dprediction) {
    return gli_call_op(ctx, &gli_op_loss_backward, params, GLI_IN(prediction, target, weight, dy),
                       GLI_OUT(dprediction));
}
