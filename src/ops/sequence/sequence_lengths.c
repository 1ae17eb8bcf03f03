#include "ops/sequence/sequence_geom.h"

#include <math.h>

#include "core/derive.h"
#include "core/dtype.h"
#include "ops/check.h"

static glia_status resolve_geometry(const gli_resolution *r, bool batch_first, gli_sequence_geom *g) {
    const glia_tensor *x = r->in[GLI_SEQUENCE_X];
    int outer;
    GLI_REQUIRE(r->ctx, x->ndim >= 2, GLIA_SHAPE_MISMATCH, "%s: x is %s, must be %s", r->op->name, GLI_SHAPE_OF(x),
                batch_first ? "[N,T,...]" : "[T,N,...]");
    gli_split_at(x, 1, &outer, &g->steps, &g->width);
    g->time  = batch_first ? 1 : 0;
    g->steps = (int)x->dim[g->time];
    g->batch = (int)x->dim[1 - g->time];
    return GLIA_OK;
}

static glia_status resolve_lengths(gli_resolution *r) {
    const glia_sequence_lengths_params *p = r->params;
    gli_sequence_geom *g                  = r->geom;
    const glia_dtype dtype                = r->in[GLI_SEQUENCE_X]->dtype;
    GLI_TRY(resolve_geometry(r, p->batch_first, g));
    gli_store(dtype, &g->padding, 0, p->padding);
    const bool possible =
        gli_dtype_is_float(dtype) ? !isnan(p->padding) : gli_load(dtype, &g->padding, 0) == p->padding;
    GLI_REQUIRE(r->ctx, possible, GLIA_INVALID_ARGUMENT, "%s: padding is %g, which no element of %s equals",
                r->op->name, p->padding, glia_dtype_name(dtype));
    gli_set_dims(&r->out[0], GLIA_I32, g->batch);
    return GLIA_OK;
}

static glia_status resolve_mask(gli_resolution *r) {
    const glia_mask_steps_params *p = r->params;
    gli_sequence_geom *g            = r->geom;
    const glia_tensor *x            = r->in[GLI_SEQUENCE_X];
    GLI_TRY(resolve_geometry(r, p->batch_first, g));
    GLI_TRY(gli_check_index_dtype(r, GLI_SEQUENCE_LENGTHS));
    GLI_TRY(gli_check_dims(r, GLI_SEQUENCE_LENGTHS, g->batch));
    g->value = p->value;
    gli_set_shape(&r->out[0], x->dtype, x->ndim, x->dim);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    (void)geom;
    *out = (gli_cost){0};
}

/* dx is dy where y is x. */
static void derive_mask(gli_derivation *d) {
    const gli_sequence_geom *g          = d->geom;
    const glia_mask_steps_params zeroed = {.batch_first = g->time == 1};
    d->din[GLI_SEQUENCE_X] = gli_derive(d, &gli_op_mask_steps, &zeroed, d->dout[0], d->in[GLI_SEQUENCE_LENGTHS]);
}

static const gli_op_input lengths_inputs[] = {
    [GLI_SEQUENCE_X] = {"x", 0},
};
static const gli_op_output lengths_outputs[] = {{"lengths", GLI_OUT_INDEX}};

const gli_op gli_op_sequence_lengths = {
    .name = "sequence_lengths",
    GLI_INPUTS(lengths_inputs),
    GLI_OUTPUTS(lengths_outputs),
    .params_size = sizeof(glia_sequence_lengths_params),
    .geom_size   = sizeof(gli_sequence_geom),
    .resolve     = resolve_lengths,
    .cost        = cost,
    .exact       = gli_exact_always,
};

static const gli_op_input mask_inputs[] = {
    [GLI_SEQUENCE_X]       = {"x", GLI_IN_GRADIENT},
    [GLI_SEQUENCE_LENGTHS] = {"lengths", GLI_IN_INDEX},
};
static const gli_op_output mask_outputs[] = {{"y", GLI_OUT_GRADIENT}};

const gli_op gli_op_mask_steps = {
    .name = "mask_steps",
    GLI_INPUTS(mask_inputs),
    GLI_OUTPUTS(mask_outputs),
    .params_size = sizeof(glia_mask_steps_params),
    .geom_size   = sizeof(gli_sequence_geom),
    .resolve     = resolve_mask,
    .cost        = cost,
    .exact       = gli_exact_always,
    .derive      = derive_mask,
};

glia_status glia_sequence_lengths(glia_context *ctx, const glia_sequence_lengths_params *params, const glia_tensor *x,
                                  glia_tensor *lengths) {
    return gli_call_op(ctx, &gli_op_sequence_lengths, params, 1, (const glia_tensor *[]){x}, 1,
                       (glia_tensor *[]){lengths});
}

glia_status glia_mask_steps(glia_context *ctx, const glia_mask_steps_params *params, const glia_tensor *x,
                            const glia_tensor *lengths, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_mask_steps, params, 2, (const glia_tensor *[]){x, lengths}, 1,
                       (glia_tensor *[]){y});
}
