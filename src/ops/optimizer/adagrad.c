#include "ops/optimizer/adagrad_geom.h"

#include <math.h>

#include "ops/optimizer/optimizer_check.h"

static glia_status resolve(glia_resolution *r) {
    const glia_adagrad_params *p = r->params;
    glia_adagrad_geom *g         = r->geom;
    GLIA_TRY(glia_check_optimizer(r, ADAGRAD_SUM, 2));
    GLIA_TRY(glia_check_range(r, "epsilon", p->epsilon, 0, INFINITY));
    GLIA_TRY(glia_check_penalties(r, p->l1, p->l2));
    g->count   = (int)glia_count(r->in[ADAGRAD_PARAM]);
    g->epsilon = p->epsilon != 0 ? p->epsilon : 1e-10;
    g->l1 = p->l1, g->l2 = p->l2;
    return GLIA_OK;
}

static void cost(const void *geom, glia_cost *out) {
    *out = (glia_cost){.flops = 10.0 * ((const glia_adagrad_geom *)geom)->count, .depth = 12};
}

static const char *const in_names[]  = {"param", "grad", "rate", "sum"};
static const char *const out_names[] = {"new_param", "new_sum"};

const glia_op glia_op_adagrad = {
    .name        = "adagrad",
    .in_names    = in_names,
    .out_names   = out_names,
    .params_size = sizeof(glia_adagrad_params),
    .geom_size   = sizeof(glia_adagrad_geom),
    .min_in      = 4,
    .max_in      = 4,
    .n_out       = 2,
    .layout      = GLIA_LAYOUT_FOLLOW,
    .in_place    = {1 + ADAGRAD_PARAM, 1 + ADAGRAD_SUM},
    .resolve     = resolve,
    .cost        = cost,
};

glia_status glia_adagrad(glia_context *ctx, const glia_adagrad_params *params, const glia_adagrad_tensors *t) {
    static const glia_adagrad_tensors none;
    if (!t) t = &none;
    return glia_call_op(ctx, &glia_op_adagrad, params, 4, (const glia_tensor *[]){t->param, t->grad, t->rate, t->sum},
                        2, (glia_tensor *[]){t->new_param, t->new_sum});
}
