#include "core/derive.h"
#include "ops/check.h"
#include "ops/sequence/sequence_shape.h"

static glia_status resolve(gli_resolution *r) {
    const glia_mask_steps_params *p = r->params;
    gli_sequence_geom *g            = r->geom;
    const glia_tensor *x            = r->in[GLI_SEQUENCE_X];
    GLI_TRY(gli_sequence_shape(r, p->batch_first, g));
    GLI_TRY(gli_check_index_dtype(r, GLI_SEQUENCE_LENGTHS));
    GLI_TRY(gli_check_dims(r, GLI_SEQUENCE_LENGTHS, g->batch));
    g->value = p->value;
    gli_set_shape(&r->out[0], x->dtype, x->ndim, x->dim);
    return GLIA_OK;
}

/* dx is dy where y is x. */
static void derive(gli_derivation *d) {
    const gli_sequence_geom *g          = d->geom;
    const glia_mask_steps_params zeroed = {.batch_first = g->time == 1};
    d->din[GLI_SEQUENCE_X] = gli_derive(d, &gli_op_mask_steps, &zeroed, d->dout[0], d->in[GLI_SEQUENCE_LENGTHS]);
}

static const gli_op_input inputs[] = {
    [GLI_SEQUENCE_X]       = {"x", GLI_IN_GRADIENT},
    [GLI_SEQUENCE_LENGTHS] = {"lengths", GLI_IN_INDEX},
};
static const gli_op_output outputs[] = {{"y", GLI_OUT_GRADIENT}};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_mask_steps_params, value),
    GLI_PARAM(glia_mask_steps_params, batch_first),
};
static const glia_mask_steps_params defaults = {.value = 0};

const gli_op gli_op_mask_steps = {
    .name = "mask_steps",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_sequence_geom),
    .resolve   = resolve,
    .cost      = gli_sequence_cost,
    .exact     = gli_exact_always,
    .derive    = derive,
};

glia_status glia_mask_steps(glia_context *ctx, const glia_mask_steps_params *params, const glia_tensor *x,
                            const glia_tensor *lengths, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_mask_steps, params, GLI_IN(x, lengths), GLI_OUT(y));
}
