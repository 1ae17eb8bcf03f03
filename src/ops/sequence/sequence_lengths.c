#include <math.h>

#include "core/dtype.h"
#include "ops/check.h"
#include "ops/sequence/sequence_shape.h"

static glia_status resolve(gli_resolution *r) {
    const glia_sequence_lengths_params *p = r->params;
    gli_sequence_geom *g                  = r->geom;
    const glia_dtype dtype                = r->in[GLI_SEQUENCE_X]->dtype;
    GLI_TRY(gli_sequence_shape(r, p->batch_first, g));
    gli_store(dtype, &g->padding, 0, p->padding);
    const bool possible =
        gli_dtype_is_float(dtype) ? !isnan(p->padding) : gli_load(dtype, &g->padding, 0) == p->padding;
    GLI_REQUIRE(r->ctx, possible, GLIA_INVALID_ARGUMENT, "%s: padding is %g, which no element of %s equals",
                r->op->name, p->padding, glia_dtype_name(dtype));
    gli_set_dims(&r->out[0], GLIA_I32, g->batch);
    return GLIA_OK;
}

static const gli_op_input inputs[] = {
    [GLI_SEQUENCE_X] = {"x", 0},
};
static const gli_op_output outputs[] = {{"lengths", GLI_OUT_INDEX}};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_sequence_lengths_params, padding),
    GLI_PARAM(glia_sequence_lengths_params, batch_first),
};
static const glia_sequence_lengths_params defaults = {.padding = 0};

const gli_op gli_op_sequence_lengths = {
    .name = "sequence_lengths",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_sequence_geom),
    .resolve   = resolve,
    .cost      = gli_sequence_cost,
    .exact     = gli_exact_always,
};

glia_status glia_sequence_lengths(glia_context *ctx, const glia_sequence_lengths_params *params, const glia_tensor *x,
                                  glia_tensor *lengths) {
    return gli_call_op(ctx, &gli_op_sequence_lengths, params, GLI_IN(x), GLI_OUT(lengths));
}
