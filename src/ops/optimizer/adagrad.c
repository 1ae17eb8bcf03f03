#include "ops/optimizer/adagrad_geom.h"

#include <math.h>

#include "ops/optimizer/optimizer_check.h"

static glia_status resolve(gli_resolution *r) {
    const glia_adagrad_params *p = r->params;
    gli_adagrad_geom *g          = r->geom;
    GLI_TRY(gli_check_optimizer(r, GLI_ADAGRAD_SUM, 2));
    GLI_TRY(gli_check_epsilon(r, p->epsilon));
    GLI_TRY(gli_check_penalties(r, p->weight_decay, p->l1));
    g->count        = (int)gli_count(r->in[GLI_ADAGRAD_PARAM]);
    g->epsilon      = p->epsilon;
    g->weight_decay = p->weight_decay, g->l1 = p->l1;
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    *out = (gli_cost){.flops = 10.0 * ((const gli_adagrad_geom *)geom)->count, .depth = 12};
}

static const gli_op_input inputs[] = {
    [GLI_ADAGRAD_PARAM] = {"param", 0},
    [GLI_ADAGRAD_GRAD]  = {"grad", 0},
    [GLI_ADAGRAD_RATE]  = {"rate", 0},
    [GLI_ADAGRAD_SUM]   = {"sum", 0},
    [GLI_ADAGRAD_SKIP]  = {"skip", GLI_IN_OPTIONAL | GLI_IN_INDEX},
    [GLI_ADAGRAD_HALF]  = {"half", GLI_IN_OPTIONAL | GLI_IN_HALF},
};
static const gli_op_output outputs[] = {
    [GLI_ADAGRAD_NEW_PARAM] = {"new_param", GLI_OUT_IN_PLACE, GLI_ADAGRAD_PARAM},
    [GLI_ADAGRAD_NEW_SUM]   = {"new_sum", GLI_OUT_IN_PLACE, GLI_ADAGRAD_SUM},
    [GLI_ADAGRAD_NEW_HALF]  = {"new_half", GLI_OUT_OPTIONAL | GLI_OUT_IN_PLACE | GLI_OUT_HALF, GLI_ADAGRAD_HALF},
};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_adagrad_params, epsilon),
    GLI_PARAM(glia_adagrad_params, weight_decay),
    GLI_PARAM(glia_adagrad_params, l1),
};
static const glia_adagrad_params defaults = {.epsilon = 1e-10};

const gli_op gli_op_adagrad = {
    .name = "adagrad",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_adagrad_geom),
    .layout    = GLI_LAYOUT_FOLLOW,
    .resolve   = resolve,
    .cost      = cost,
};

glia_adagrad_params glia_adagrad_defaults(void) { return defaults; }

glia_status glia_adagrad(glia_context *ctx, const glia_adagrad_params *params, const glia_adagrad_tensors *t) {
    static const glia_adagrad_tensors none;
    if (!t) t = &none;
    return gli_call_op(ctx, &gli_op_adagrad, params, GLI_IN(t->param, t->grad, t->rate, t->sum, t->skip, t->half),
                       GLI_OUT(t->new_param, t->new_sum, t->new_half));
}
