#include "ops/optimizer/rmsprop_geom.h"

#include <math.h>

#include "ops/optimizer/optimizer_check.h"

static bool given(const gli_resolution *r, int i) { return r->n_in > i && r->in[i]; }

static glia_status resolve(gli_resolution *r) {
    const glia_rmsprop_params *p = r->params;
    gli_rmsprop_geom *g          = r->geom;
    GLI_TRY(gli_check_optimizer(r, GLI_RMSPROP_SQUARE, 4));
    GLI_TRY(gli_check_range(r, "alpha", p->alpha, 0, 1));
    GLI_TRY(gli_check_epsilon(r, p->epsilon));
    GLI_TRY(gli_check_range(r, "momentum", p->momentum, 0, INFINITY));
    GLI_TRY(gli_check_penalties(r, p->weight_decay, p->l1));
    GLI_REQUIRE(r->ctx, p->momentum == 0 || given(r, GLI_RMSPROP_VELOCITY), GLIA_INVALID_ARGUMENT,
                "%s: velocity is NULL, momentum is %g", r->op->name, p->momentum);
    GLI_REQUIRE(r->ctx, !p->centered || given(r, GLI_RMSPROP_MEAN), GLIA_INVALID_ARGUMENT, "%s: mean is NULL, centered",
                r->op->name);
    g->count    = (int)gli_count(r->in[GLI_RMSPROP_PARAM]);
    g->centered = p->centered;
    g->alpha    = p->alpha;
    g->epsilon  = p->epsilon;
    g->momentum = p->momentum, g->weight_decay = p->weight_decay, g->l1 = p->l1;
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    *out = (gli_cost){.flops = 14.0 * ((const gli_rmsprop_geom *)geom)->count, .depth = 16};
}

static const gli_op_input inputs[] = {
    [GLI_RMSPROP_PARAM]    = {"param", 0},
    [GLI_RMSPROP_GRAD]     = {"grad", 0},
    [GLI_RMSPROP_RATE]     = {"rate", 0},
    [GLI_RMSPROP_SQUARE]   = {"square", 0},
    [GLI_RMSPROP_VELOCITY] = {"velocity", GLI_IN_OPTIONAL},
    [GLI_RMSPROP_MEAN]     = {"mean", GLI_IN_OPTIONAL},
    [GLI_RMSPROP_SKIP]     = {"skip", GLI_IN_OPTIONAL | GLI_IN_INDEX},
    [GLI_RMSPROP_HALF]     = {"half", GLI_IN_OPTIONAL | GLI_IN_HALF},
};
static const gli_op_output outputs[] = {
    [GLI_RMSPROP_NEW_PARAM]    = {"new_param", GLI_OUT_IN_PLACE, GLI_RMSPROP_PARAM},
    [GLI_RMSPROP_NEW_SQUARE]   = {"new_square", GLI_OUT_IN_PLACE, GLI_RMSPROP_SQUARE},
    [GLI_RMSPROP_NEW_VELOCITY] = {"new_velocity", GLI_OUT_OPTIONAL | GLI_OUT_IN_PLACE, GLI_RMSPROP_VELOCITY},
    [GLI_RMSPROP_NEW_MEAN]     = {"new_mean", GLI_OUT_OPTIONAL | GLI_OUT_IN_PLACE, GLI_RMSPROP_MEAN},
    [GLI_RMSPROP_NEW_HALF]     = {"new_half", GLI_OUT_OPTIONAL | GLI_OUT_IN_PLACE | GLI_OUT_HALF, GLI_RMSPROP_HALF},
};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_rmsprop_params, alpha),        GLI_PARAM(glia_rmsprop_params, epsilon),
    GLI_PARAM(glia_rmsprop_params, momentum),     GLI_PARAM(glia_rmsprop_params, centered),
    GLI_PARAM(glia_rmsprop_params, weight_decay), GLI_PARAM(glia_rmsprop_params, l1),
};
static const glia_rmsprop_params defaults = {.alpha = 0.99, .epsilon = 1e-8};

const gli_op gli_op_rmsprop = {
    .name = "rmsprop",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_rmsprop_geom),
    .layout    = GLI_LAYOUT_FOLLOW,
    .resolve   = resolve,
    .cost      = cost,
};

glia_rmsprop_params glia_rmsprop_defaults(void) { return defaults; }

glia_status glia_rmsprop(glia_context *ctx, const glia_rmsprop_params *params, const glia_rmsprop_tensors *t) {
    static const glia_rmsprop_tensors none;
    if (!t) t = &none;
    return gli_call_op(ctx, &gli_op_rmsprop, params,
                       GLI_IN(t->param, t->grad, t->rate, t->square, t->velocity, t->mean, t->skip, t->half),
                       GLI_OUT(t->new_param, t->new_square, t->new_velocity, t->new_mean, t->new_half));
}
