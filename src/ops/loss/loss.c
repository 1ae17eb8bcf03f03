#include "ops/loss/loss_geom.h"

#include <math.h>

#include "core/derive.h"
#include "core/size.h"
#include "ops/check.h"

static glia_status check_params(const gli_resolution *r, const glia_loss_params *p) {
    const char *op = r->op->name;
    GLI_REQUIRE(r->ctx, (unsigned)p->kind <= GLIA_KL, GLIA_INVALID_ARGUMENT, "%s: kind is %d, no glia_loss_kind", op,
                (int)p->kind);
    GLI_REQUIRE(r->ctx, (unsigned)p->reduction <= GLIA_REDUCE_NONE, GLIA_INVALID_ARGUMENT,
                "%s: reduction is %d, no glia_reduction", op, (int)p->reduction);
    GLI_REQUIRE(r->ctx, p->delta >= 0 && p->delta < INFINITY, GLIA_INVALID_ARGUMENT,
                "%s: delta is %g, must be positive", op, p->delta);
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
    g->delta      = p->delta != 0 ? p->delta : 1;
    gli_set_shape(loss, prediction->dtype, p->reduction == GLIA_REDUCE_NONE ? prediction->ndim : 0, prediction->dim);
    return GLIA_OK;
}

static glia_status resolve_forward(gli_resolution *r) { return resolve_geometry(r, &r->out[0]); }

static glia_status resolve_backward(gli_resolution *r) {
    const glia_tensor *prediction = r->in[GLI_LOSS_PREDICTION];
    glia_tensor loss              = {0};
    GLI_TRY(resolve_geometry(r, &loss));
    GLI_TRY(gli_check_shape(r, GLI_LOSS_DY, loss.ndim, loss.dim));
    gli_set_shape(&r->out[0], prediction->dtype, prediction->ndim, prediction->dim);
    return GLIA_OK;
}

static void cost_forward(const void *geom, gli_cost *out) {
    const gli_loss_geom *g = geom;
    *out = (gli_cost){.flops = 4.0 * g->count, .depth = g->reduction == GLIA_REDUCE_NONE ? 8 : 8.0 + g->count};
}

static void cost_backward(const void *geom, gli_cost *out) {
    *out = (gli_cost){.flops = 4.0 * ((const gli_loss_geom *)geom)->count, .depth = 8};
}

static bool exact_forward(const void *geom) {
    const gli_loss_geom *g = geom;
    return (g->kind == GLIA_MSE || g->kind == GLIA_MAE) && g->reduction != GLIA_REDUCE_MEAN;
}

static void derive(gli_derivation *d) {
    const glia_value weight     = d->n_in > GLI_LOSS_WEIGHT ? d->in[GLI_LOSS_WEIGHT] : (glia_value){0};
    d->din[GLI_LOSS_PREDICTION] = gli_derive(d, &gli_op_loss_backward, d->params, d->in[GLI_LOSS_PREDICTION],
                                             d->in[GLI_LOSS_TARGET], weight, d->dout[0]);
}

static const gli_op_input forward_inputs[] = {
    [GLI_LOSS_PREDICTION] = {"prediction", GLI_IN_GRADIENT},
    [GLI_LOSS_TARGET]     = {"target", 0},
    [GLI_LOSS_WEIGHT]     = {"weight", GLI_IN_OPTIONAL},
};
static const gli_op_output forward_outputs[] = {{"y", GLI_OUT_GRADIENT}};

const gli_op gli_op_loss = {
    .name = "loss",
    GLI_INPUTS(forward_inputs),
    GLI_OUTPUTS(forward_outputs),
    .params_size = sizeof(glia_loss_params),
    .geom_size   = sizeof(gli_loss_geom),
    .resolve     = resolve_forward,
    .cost        = cost_forward,
    .exact       = exact_forward,
    .derive      = derive,
};

static const gli_op_input backward_inputs[] = {
    [GLI_LOSS_PREDICTION] = {"prediction", 0},
    [GLI_LOSS_TARGET]     = {"target", 0},
    [GLI_LOSS_WEIGHT]     = {"weight", GLI_IN_OPTIONAL},
    [GLI_LOSS_DY]         = {"dy", 0},
};
static const gli_op_output backward_outputs[] = {{"dprediction", 0}};

const gli_op gli_op_loss_backward = {
    .name = "loss_backward",
    GLI_INPUTS(backward_inputs),
    GLI_OUTPUTS(backward_outputs),
    .params_size = sizeof(glia_loss_params),
    .geom_size   = sizeof(gli_loss_geom),
    .resolve     = resolve_backward,
    .cost        = cost_backward,
};

glia_status glia_loss(glia_context *ctx, const glia_loss_params *params, const glia_tensor *prediction,
                      const glia_tensor *target, const glia_tensor *weight, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_loss, params, 3, (const glia_tensor *[]){prediction, target, weight}, 1,
                       (glia_tensor *[]){y});
}

glia_status glia_loss_backward(glia_context *ctx, const glia_loss_params *params, const glia_tensor *prediction,
                               const glia_tensor *target, const glia_tensor *weight, const glia_tensor *dy,
                               glia_tensor *dprediction) {
    return gli_call_op(ctx, &gli_op_loss_backward, params, 4, (const glia_tensor *[]){prediction, target, weight, dy},
                       1, (glia_tensor *[]){dprediction});
}
