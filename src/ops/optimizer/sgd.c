#include "ops/optimizer/sgd_geom.h"

#include <math.h>

#include "ops/optimizer/optimizer_check.h"

static glia_status resolve(glia_resolution *r) {
    const glia_sgd_params *p = r->params;
    glia_sgd_geom *g         = r->geom;
    GLIA_TRY(glia_check_optimizer(r, SGD_VELOCITY, 2));
    GLIA_TRY(glia_check_range(r, "momentum", p->momentum, 0, INFINITY));
    GLIA_TRY(glia_check_range(r, "dampening", p->dampening, -INFINITY, INFINITY));
    GLIA_TRY(glia_check_penalties(r, p->l1, p->l2));
    GLIA_REQUIRE(r->ctx, p->momentum > 0 || p->dampening == 0, GLIA_INVALID_ARGUMENT,
                 "%s: dampening is %g without momentum", r->op->name, p->dampening);
    GLIA_REQUIRE(r->ctx, !p->nesterov || (p->momentum > 0 && p->dampening == 0), GLIA_INVALID_ARGUMENT,
                 "%s: nesterov needs momentum and no dampening, they are %g and %g", r->op->name, p->momentum,
                 p->dampening);
    GLIA_REQUIRE(r->ctx, p->momentum == 0 || (r->n_in > SGD_VELOCITY && r->in[SGD_VELOCITY]), GLIA_INVALID_ARGUMENT,
                 "%s: velocity is NULL, momentum is %g", r->op->name, p->momentum);
    g->count    = (int)glia_count(r->in[SGD_PARAM]);
    g->nesterov = p->nesterov;
    g->momentum = p->momentum, g->dampening = p->dampening, g->l1 = p->l1, g->l2 = p->l2;
    return GLIA_OK;
}

static void cost(const void *geom, glia_cost *out) {
    *out = (glia_cost){.flops = 6.0 * ((const glia_sgd_geom *)geom)->count, .depth = 8};
}

static const char *const in_names[]  = {"param", "grad", "rate", "velocity"};
static const char *const out_names[] = {"new_param", "new_velocity"};

const glia_op glia_op_sgd = {
    .name         = "sgd",
    .in_names     = in_names,
    .out_names    = out_names,
    .params_size  = sizeof(glia_sgd_params),
    .geom_size    = sizeof(glia_sgd_geom),
    .min_in       = 3,
    .max_in       = 4,
    .n_out        = 2,
    .optional_out = 1 << SGD_NEW_VELOCITY,
    .layout       = GLIA_LAYOUT_FOLLOW,
    .in_place     = {1 + SGD_PARAM, 1 + SGD_VELOCITY},
    .resolve      = resolve,
    .cost         = cost,
};

glia_status glia_sgd(glia_context *ctx, const glia_sgd_params *params, const glia_sgd_tensors *t) {
    static const glia_sgd_tensors none;
    if (!t) t = &none;
    return glia_call_op(ctx, &glia_op_sgd, params, 4, (const glia_tensor *[]){t->param, t->grad, t->rate, t->velocity},
                        2, (glia_tensor *[]){t->new_param, t->new_velocity});
}
