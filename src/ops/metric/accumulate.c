#include "ops/metric/accumulate_geom.h"

#include <math.h>
#include <string.h>

#include "ops/check.h"
#include "ops/data/counters.h"

static glia_status resolve(gli_resolution *r) {
    const glia_accumulate_params *p = r->params;
    gli_accumulate_geom *g          = r->geom;
    const glia_tensor *value = r->in[GLI_ACCUMULATE_VALUE], *weight = r->in[GLI_ACCUMULATE_WEIGHT];
    const glia_tensor *sums = r->in[GLI_ACCUMULATE_SUMS];
    GLI_REQUIRE(r->ctx, isfinite(p->factor), GLIA_INVALID_ARGUMENT, "%s: factor is %g, must be finite", r->op->name,
                p->factor);
    GLI_REQUIRE(r->ctx, isfinite(p->weight), GLIA_INVALID_ARGUMENT, "%s: weight is %g, must be finite", r->op->name,
                p->weight);
    GLI_REQUIRE(r->ctx, gli_dtype_is_float(value->dtype), GLIA_DTYPE_MISMATCH, "%s: value is %s, must be a float",
                r->op->name, glia_dtype_name(value->dtype));
    GLI_REQUIRE(r->ctx, !weight || weight->dtype == GLIA_F64, GLIA_DTYPE_MISMATCH, "%s: weight is %s, must be f64",
                r->op->name, glia_dtype_name(weight->dtype));
    GLI_REQUIRE(r->ctx, sums->dtype == GLIA_F64, GLIA_DTYPE_MISMATCH, "%s: sums is %s, must be f64", r->op->name,
                glia_dtype_name(sums->dtype));
    GLI_TRY(gli_check_dims(r, GLI_ACCUMULATE_SUMS, 2));
    g->factor  = p->factor;
    g->weight  = weight ? 0 : p->weight;
    g->values  = (int)gli_count(value);
    g->weights = weight ? (int)gli_count(weight) : -1;
    if (r->n_in > GLI_ACCUMULATE_COUNTERS && r->in[GLI_ACCUMULATE_COUNTERS])
        GLI_TRY(gli_check_counters(r, GLI_ACCUMULATE_COUNTERS, &g->counters));
    memcpy(g->by, p->by, sizeof g->by);
    gli_set_dims(&r->out[GLI_ACCUMULATE_NEW_SUMS], GLIA_F64, 2);
    gli_set_dims(&r->out[GLI_ACCUMULATE_NEW_COUNTERS], GLIA_I64, g->counters);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    const gli_accumulate_geom *g = geom;
    const int most               = g->values > g->weights ? g->values : g->weights;
    *out                         = (gli_cost){.flops = 3.0 + g->values + g->weights, .depth = 2 + gli_sum_depth(most)};
}

static const gli_op_input inputs[] = {
    [GLI_ACCUMULATE_VALUE]    = {"value", 0},
    [GLI_ACCUMULATE_WEIGHT]   = {"weight", GLI_IN_OPTIONAL | GLI_IN_INDEX},
    [GLI_ACCUMULATE_SUMS]     = {"sums", GLI_IN_INDEX},
    [GLI_ACCUMULATE_COUNTERS] = {"counters", GLI_IN_OPTIONAL | GLI_IN_INDEX},
};
static const gli_op_output outputs[] = {
    [GLI_ACCUMULATE_NEW_SUMS]     = {"new_sums", GLI_OUT_IN_PLACE | GLI_OUT_INDEX, GLI_ACCUMULATE_SUMS},
    [GLI_ACCUMULATE_NEW_COUNTERS] = {"new_counters", GLI_OUT_OPTIONAL | GLI_OUT_IN_PLACE | GLI_OUT_INDEX,
                                     GLI_ACCUMULATE_COUNTERS},
};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_accumulate_params, factor),
    GLI_PARAM(glia_accumulate_params, weight),
    GLI_PARAM(glia_accumulate_params, by),
};
static const glia_accumulate_params defaults = {.factor = 1, .weight = 1};

const gli_op gli_op_accumulate = {
    .name = "accumulate",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_accumulate_geom),
    .resolve   = resolve,
    .cost      = cost,
};

glia_accumulate_params glia_accumulate_defaults(void) { return defaults; }

glia_status glia_accumulate(glia_context *ctx, const glia_accumulate_params *params, const glia_tensor *value,
                            const glia_tensor *weight, const glia_tensor *sums, glia_tensor *new_sums) {
    return gli_call_op(ctx, &gli_op_accumulate, params, GLI_IN(value, weight, sums), GLI_OUT(new_sums));
}
