#include "ops/optimizer/sgd_geom.h"

#include <math.h>

#include "ops/optimizer/optimizer_check.h"

static glia_status resolve(gli_resolution *r) {
    const glia_sgd_params *p = r->params;
    gli_sgd_geom *g          = r->geom;
    GLI_TRY(gli_check_optimizer(r, GLI_SGD_VELOCITY, 2));
    GLI_TRY(gli_check_range(r, "momentum", p->momentum, 0, INFINITY));
    GLI_TRY(gli_check_range(r, "dampening", p->dampening, -INFINITY, INFINITY));
    GLI_TRY(gli_check_penalties(r, p->weight_decay, p->l1));
    GLI_REQUIRE(r->ctx, p->momentum > 0 || p->dampening == 0, GLIA_INVALID_ARGUMENT,
                "%s: dampening is %g without momentum", r->op->name, p->dampening);
    GLI_REQUIRE(r->ctx, !p->nesterov || (p->momentum > 0 && p->dampening == 0), GLIA_INVALID_ARGUMENT,
                "%s: nesterov needs momentum and no dampening, they are %g and %g", r->op->name, p->momentum,
                p->dampening);
    GLI_REQUIRE(r->ctx, p->momentum == 0 || (r->n_in > GLI_SGD_VELOCITY && r->in[GLI_SGD_VELOCITY]),
                GLIA_INVALID_ARGUMENT, "%s: velocity is NULL, momentum is %g", r->op->name, p->momentum);
    g->count    = (int)gli_count(r->in[GLI_SGD_PARAM]);
    g->nesterov = p->nesterov;
    g->momentum = p->momentum, g->dampening = p->dampening, g->weight_decay = p->weight_decay, g->l1 = p->l1;
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    *out = (gli_cost){.flops = 6.0 * ((const gli_sgd_geom *)geom)->count, .depth = 8};
}

static const gli_op_input inputs[] = {
    [GLI_SGD_PARAM]    = {"param", 0},
    [GLI_SGD_GRAD]     = {"grad", 0},
    [GLI_SGD_RATE]     = {"rate", 0},
    [GLI_SGD_VELOCITY] = {"velocity", GLI_IN_OPTIONAL},
    [GLI_SGD_SKIP]     = {"skip", GLI_IN_OPTIONAL | GLI_IN_INDEX},
    [GLI_SGD_HALF]     = {"half", GLI_IN_OPTIONAL | GLI_IN_HALF},
};
static const gli_op_output outputs[] = {
    [GLI_SGD_NEW_PARAM]    = {"new_param", GLI_OUT_IN_PLACE, GLI_SGD_PARAM},
    [GLI_SGD_NEW_VELOCITY] = {"new_velocity", GLI_OUT_OPTIONAL | GLI_OUT_IN_PLACE, GLI_SGD_VELOCITY},
    [GLI_SGD_NEW_HALF]     = {"new_half", GLI_OUT_OPTIONAL | GLI_OUT_IN_PLACE | GLI_OUT_HALF, GLI_SGD_HALF},
};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_sgd_params, momentum), GLI_PARAM(glia_sgd_params, dampening),
    GLI_PARAM(glia_sgd_params, nesterov), GLI_PARAM(glia_sgd_params, weight_decay),
    GLI_PARAM(glia_sgd_params, l1),
};
static const glia_sgd_params defaults = {.momentum = 0};

const gli_op gli_op_sgd = {
    .name = "sgd",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_sgd_geom),
    .layout    = GLI_LAYOUT_FOLLOW,
    .resolve   = resolve,
    .cost      = cost,
};

glia_status glia_sgd(glia_context *ctx, const glia_sgd_params *params, const glia_sgd_tensors *t) {
    static const glia_sgd_tensors none;
    if (!t) t = &none;
    return gli_call_op(ctx, &gli_op_sgd, params, GLI_IN(t->param, t->grad, t->rate, t->velocity, t->skip, t->half),
                       GLI_OUT(t->new_param, t->new_velocity, t->new_half));
}
