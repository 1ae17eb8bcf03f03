#include "ops/optimizer/rmsprop_geom.h"

#include <math.h>

#include "ops/optimizer/optimizer_check.h"

static bool given(const glia_resolution *r, int i) { return r->n_in > i && r->in[i]; }

static glia_status resolve(glia_resolution *r) {
    const glia_rmsprop_params *p = r->params;
    glia_rmsprop_geom *g         = r->geom;
    GLIA_TRY(glia_check_optimizer(r, RMSPROP_SQUARE, 4));
    GLIA_TRY(glia_check_range(r, "alpha", p->alpha, 0, 1));
    GLIA_TRY(glia_check_range(r, "epsilon", p->epsilon, 0, INFINITY));
    GLIA_TRY(glia_check_range(r, "momentum", p->momentum, 0, INFINITY));
    GLIA_TRY(glia_check_penalties(r, p->l1, p->l2));
    GLIA_REQUIRE(r->ctx, p->momentum == 0 || given(r, RMSPROP_VELOCITY), GLIA_INVALID_ARGUMENT,
                 "%s: velocity is NULL, momentum is %g", r->op->name, p->momentum);
    GLIA_REQUIRE(r->ctx, !p->centered || given(r, RMSPROP_MEAN), GLIA_INVALID_ARGUMENT, "%s: mean is NULL, centered",
                 r->op->name);
    g->count    = (int)glia_count(r->in[RMSPROP_PARAM]);
    g->centered = p->centered;
    g->alpha    = p->alpha != 0 ? p->alpha : 0.99;
    g->epsilon  = p->epsilon != 0 ? p->epsilon : 1e-8;
    g->momentum = p->momentum, g->l1 = p->l1, g->l2 = p->l2;
    return GLIA_OK;
}

static void cost(const void *geom, glia_cost *out) {
    *out = (glia_cost){.flops = 14.0 * ((const glia_rmsprop_geom *)geom)->count, .depth = 16};
}

static const char *const in_names[]  = {"param", "grad", "rate", "square", "velocity", "mean"};
static const char *const out_names[] = {"new_param", "new_square", "new_velocity", "new_mean"};

const glia_op glia_op_rmsprop = {
    .name         = "rmsprop",
    .in_names     = in_names,
    .out_names    = out_names,
    .params_size  = sizeof(glia_rmsprop_params),
    .geom_size    = sizeof(glia_rmsprop_geom),
    .min_in       = 4,
    .max_in       = 6,
    .n_out        = 4,
    .optional_out = 1 << RMSPROP_NEW_VELOCITY | 1 << RMSPROP_NEW_MEAN,
    .layout       = GLIA_LAYOUT_FOLLOW,
    .in_place     = {1 + RMSPROP_PARAM, 1 + RMSPROP_SQUARE, 1 + RMSPROP_VELOCITY, 1 + RMSPROP_MEAN},
    .resolve      = resolve,
    .cost         = cost,
};

glia_status glia_rmsprop(glia_context *ctx, const glia_rmsprop_params *params, const glia_rmsprop_tensors *t) {
    static const glia_rmsprop_tensors none;
    if (!t) t = &none;
    return glia_call_op(ctx, &glia_op_rmsprop, params, 6,
                        (const glia_tensor *[]){t->param, t->grad, t->rate, t->square, t->velocity, t->mean}, 4,
                        (glia_tensor *[]){t->new_param, t->new_square, t->new_velocity, t->new_mean});
}
