#include "ops/data/increment_geom.h"

#include <string.h>

#include "ops/check.h"
#include "ops/data/counters.h"

static glia_status resolve(gli_resolution *r) {
    const glia_increment_params *p = r->params;
    gli_increment_geom *g          = r->geom;
    GLI_TRY(gli_check_counters(r, GLI_INCREMENT_X, &g->count));
    memcpy(g->by, p->by, sizeof g->by);
    gli_set_dims(&r->out[0], GLIA_I64, g->count);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    *out = (gli_cost){.flops = ((const gli_increment_geom *)geom)->count, .depth = 1};
}

static const gli_op_input inputs[] = {
    [GLI_INCREMENT_X] = {"x", GLI_IN_INDEX},
};
static const gli_op_output outputs[] = {{"y", GLI_OUT_IN_PLACE | GLI_OUT_INDEX, GLI_INCREMENT_X}};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_increment_params, by),
};
static const glia_increment_params defaults = {.by = {0}};

const gli_op gli_op_increment = {
    .name = "increment",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_increment_geom),
    .resolve   = resolve,
    .cost      = cost,
    .exact     = gli_exact_always,
};

glia_status glia_increment(glia_context *ctx, const glia_increment_params *params, const glia_tensor *x,
                           glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_increment, params, GLI_IN(x), GLI_OUT(y));
}
