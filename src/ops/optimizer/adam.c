#include "ops/optimizer/adam_geom.h"

#include <math.h>

#include "ops/optimizer/optimizer_check.h"

static glia_status resolve(gli_resolution *r) {
    const glia_adam_params *p = r->params;
    gli_adam_geom *g          = r->geom;
    GLI_TRY(gli_check_optimizer(r, GLI_ADAM_M, 3));
    GLI_TRY(gli_check_scalar(r, GLI_ADAM_STEP, GLIA_I64));
    GLI_TRY(gli_check_range(r, "beta1", p->beta1, 0, 1));
    GLI_TRY(gli_check_range(r, "beta2", p->beta2, 0, 1));
    GLI_TRY(gli_check_epsilon(r, p->epsilon));
    GLI_TRY(gli_check_penalties(r, p->weight_decay, p->l1));
    g->count        = (int)gli_count(r->in[GLI_ADAM_PARAM]);
    g->decoupled    = p->decoupled;
    g->beta1        = p->beta1;
    g->beta2        = p->beta2;
    g->epsilon      = p->epsilon;
    g->weight_decay = p->weight_decay, g->l1 = p->l1;
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    *out = (gli_cost){.flops = 18.0 * ((const gli_adam_geom *)geom)->count, .depth = 16};
}

static const gli_op_input inputs[] = {
    [GLI_ADAM_PARAM] = {"param", 0},
    [GLI_ADAM_GRAD]  = {"grad", 0},
    [GLI_ADAM_RATE]  = {"rate", 0},
    [GLI_ADAM_STEP]  = {"step", GLI_IN_INDEX},
    [GLI_ADAM_M]     = {"m", 0},
    [GLI_ADAM_V]     = {"v", 0},
    [GLI_ADAM_SKIP]  = {"skip", GLI_IN_OPTIONAL | GLI_IN_INDEX},
    [GLI_ADAM_HALF]  = {"half", GLI_IN_OPTIONAL | GLI_IN_HALF},
};
static const gli_op_output outputs[] = {
    [GLI_ADAM_NEW_PARAM] = {"new_param", GLI_OUT_IN_PLACE, GLI_ADAM_PARAM},
    [GLI_ADAM_NEW_M]     = {"new_m", GLI_OUT_IN_PLACE, GLI_ADAM_M},
    [GLI_ADAM_NEW_V]     = {"new_v", GLI_OUT_IN_PLACE, GLI_ADAM_V},
    [GLI_ADAM_NEW_HALF]  = {"new_half", GLI_OUT_OPTIONAL | GLI_OUT_IN_PLACE | GLI_OUT_HALF, GLI_ADAM_HALF},
};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_adam_params, beta1),   GLI_PARAM(glia_adam_params, beta2),
    GLI_PARAM(glia_adam_params, epsilon), GLI_PARAM(glia_adam_params, weight_decay),
    GLI_PARAM(glia_adam_params, l1),      GLI_PARAM(glia_adam_params, decoupled),
};
static const glia_adam_params defaults = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};

const gli_op gli_op_adam = {
    .name = "adam",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_adam_geom),
    .layout    = GLI_LAYOUT_FOLLOW,
    .resolve   = resolve,
    .cost      = cost,
};

glia_adam_params glia_adam_defaults(void) { return defaults; }

glia_status glia_adam(glia_context *ctx, const glia_adam_params *params, const glia_adam_tensors *t) {
    static const glia_adam_tensors none;
    if (!t) t = &none;
    return gli_call_op(ctx, &gli_op_adam, params,
                       GLI_IN(t->param, t->grad, t->rate, t->step, t->m, t->v, t->skip, t->half),
                       GLI_OUT(t->new_param, t->new_m, t->new_v, t->new_half));
}
