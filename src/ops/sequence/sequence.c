#include "ops/sequence/sequence_geom.h"

#include <math.h>

#include "core/derive.h"
#include "core/dtype.h"
#include "ops/check.h"

static glia_status resolve_geometry(const glia_resolution *r, bool batch_first, glia_sequence_geom *g) {
    const glia_tensor *x = r->in[SEQUENCE_X];
    int outer;
    GLIA_REQUIRE(r->ctx, x->ndim >= 2, GLIA_SHAPE_MISMATCH, "%s: x is %s, must be %s", r->op->name, GLIA_SHAPE_OF(x),
                 batch_first ? "[N,T,...]" : "[T,N,...]");
    glia_split_at(x, 1, &outer, &g->steps, &g->width);
    g->time  = batch_first ? 1 : 0;
    g->steps = (int)x->dim[g->time];
    g->batch = (int)x->dim[1 - g->time];
    return GLIA_OK;
}

static glia_status resolve_lengths(glia_resolution *r) {
    const glia_sequence_lengths_params *p = r->params;
    glia_sequence_geom *g                 = r->geom;
    const glia_dtype dtype                = r->in[SEQUENCE_X]->dtype;
    GLIA_TRY(resolve_geometry(r, p->batch_first, g));
    glia_store(dtype, &g->padding, 0, p->padding);
    const bool possible =
        glia_dtype_is_float(dtype) ? !isnan(p->padding) : glia_load(dtype, &g->padding, 0) == p->padding;
    GLIA_REQUIRE(r->ctx, possible, GLIA_INVALID_ARGUMENT, "%s: padding is %g, which no element of %s equals",
                 r->op->name, p->padding, glia_dtype_name(dtype));
    glia_set_dims(&r->out[0], GLIA_I32, g->batch);
    return GLIA_OK;
}

static glia_status resolve_mask(glia_resolution *r) {
    const glia_mask_steps_params *p = r->params;
    glia_sequence_geom *g           = r->geom;
    const glia_tensor *x            = r->in[SEQUENCE_X];
    GLIA_TRY(resolve_geometry(r, p->batch_first, g));
    GLIA_TRY(glia_check_index_dtype(r, SEQUENCE_LENGTHS));
    GLIA_TRY(glia_check_dims(r, SEQUENCE_LENGTHS, g->batch));
    g->value = p->value;
    glia_set_shape(&r->out[0], x->dtype, x->ndim, x->dim);
    return GLIA_OK;
}

static void cost(const void *geom, glia_cost *out) {
    (void)geom;
    *out = (glia_cost){0};
}

/* dx is dy where y is x. */
static void derive_mask(glia_derivation *d) {
    const glia_sequence_geom *g         = d->geom;
    const glia_mask_steps_params zeroed = {.batch_first = g->time == 1};
    d->din[SEQUENCE_X] = glia_derive(d, &glia_op_mask_steps, &zeroed, d->dout[0], d->in[SEQUENCE_LENGTHS]);
}

static const char *const in_names[]    = {"x", "lengths"};
static const char *const lengths_out[] = {"lengths"}, *const mask_out[] = {"y"};

const glia_op glia_op_sequence_lengths = {
    .name        = "sequence_lengths",
    .in_names    = in_names,
    .out_names   = lengths_out,
    .params_size = sizeof(glia_sequence_lengths_params),
    .geom_size   = sizeof(glia_sequence_geom),
    .min_in      = 1,
    .max_in      = 1,
    .n_out       = 1,
    .resolve     = resolve_lengths,
    .cost        = cost,
    .exact       = glia_exact_always,
};

const glia_op glia_op_mask_steps = {
    .name           = "mask_steps",
    .in_names       = in_names,
    .out_names      = mask_out,
    .params_size    = sizeof(glia_mask_steps_params),
    .geom_size      = sizeof(glia_sequence_geom),
    .min_in         = 2,
    .max_in         = 2,
    .n_out          = 1,
    .differentiable = 1 << SEQUENCE_X,
    .resolve        = resolve_mask,
    .cost           = cost,
    .exact          = glia_exact_always,
    .derive         = derive_mask,
};

glia_status glia_sequence_lengths(glia_context *ctx, const glia_sequence_lengths_params *params, const glia_tensor *x,
                                  glia_tensor *lengths) {
    return glia_call_op(ctx, &glia_op_sequence_lengths, params, 1, (const glia_tensor *[]){x}, 1,
                        (glia_tensor *[]){lengths});
}

glia_status glia_mask_steps(glia_context *ctx, const glia_mask_steps_params *params, const glia_tensor *x,
                            const glia_tensor *lengths, glia_tensor *y) {
    return glia_call_op(ctx, &glia_op_mask_steps, params, 2, (const glia_tensor *[]){x, lengths}, 1,
                        (glia_tensor *[]){y});
}
