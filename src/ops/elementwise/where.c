#include "ops/elementwise/where_geom.h"

#include "core/derive.h"
#include "ops/check.h"
#include "ops/elementwise/broadcast_shape.h"
#include "ops/formula.h"

/* One number for all elements, as the steps of training keep them. */
static glia_status resolve_whole(gli_resolution *r) {
    const glia_tensor *a = r->in[GLI_WHERE_A];
    GLI_TRY(gli_check_scalar(r, GLI_WHERE_CONDITION, GLIA_I64));
    return gli_check_shape(r, GLI_WHERE_B, a->ndim, a->dim);
}

static glia_status check_dtypes(const gli_resolution *r) {
    const glia_dtype a = r->in[GLI_WHERE_A]->dtype, b = r->in[GLI_WHERE_B]->dtype,
                     condition = r->in[GLI_WHERE_CONDITION]->dtype;
    GLI_REQUIRE(r->ctx, gli_dtype_is_float(a) && a == b, GLIA_DTYPE_MISMATCH,
                "%s: a is %s and b %s, must be one float dtype", r->op->name, glia_dtype_name(a), glia_dtype_name(b));
    GLI_REQUIRE(r->ctx, condition == GLIA_I64 || condition == a, GLIA_DTYPE_MISMATCH,
                "%s: condition is %s, must be i64 or %s as a", r->op->name, glia_dtype_name(condition),
                glia_dtype_name(a));
    return GLIA_OK;
}

static glia_status resolve(gli_resolution *r) {
    gli_where_geom *g = r->geom;
    gli_broadcast y;
    GLI_TRY(check_dtypes(r));
    g->whole = r->in[GLI_WHERE_CONDITION]->dtype == GLIA_I64;
    if (g->whole) GLI_TRY(resolve_whole(r));
    GLI_TRY(gli_check_broadcast(r, GLI_WHERE_INPUTS, &y));
    g->ndim = y.ndim, g->count = y.count;
    for (int i = 0; i < y.ndim; ++i) g->dim[i] = (int)y.dim[i];
    for (int k = 0; k < GLI_WHERE_INPUTS; ++k) {
        g->input_ndim[k] = r->in[k]->ndim;
        g->repeated[k]   = y.repeated[k];
    }
    gli_set_shape(&r->out[0], r->in[GLI_WHERE_A]->dtype, y.ndim, y.dim);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    *out = (gli_cost){.flops = ((const gli_where_geom *)geom)->count, .depth = 1};
}

/* What of dy went to an input: the sum of it along the axes that the input repeats. */
static glia_value part(gli_derivation *d, int input) {
    const gli_where_geom *g = d->geom;
    const glia_value dy     = d->dout[0];
    const glia_shape shape  = g->whole ? glia_graph_shape(d->graph, dy) : GLIA_SCALAR;
    const glia_value zero   = gli_derive_constant(d, glia_graph_dtype(d->graph, dy), shape, 0);
    const bool first        = input == GLI_WHERE_A;
    const glia_value whole =
        gli_derive(d, &gli_op_where, NULL, d->in[GLI_WHERE_CONDITION], first ? dy : zero, first ? zero : dy);
    return gli_formula_sum_to(d, whole, g->repeated[input], g->input_ndim[input]);
}

/* Along the condition y is constant. */
static void derive(gli_derivation *d) {
    for (int input = GLI_WHERE_A; input <= GLI_WHERE_B; ++input)
        if (gli_requested(d, input)) d->din[input] = part(d, input);
}

static const gli_op_input inputs[] = {
    [GLI_WHERE_CONDITION] = {"condition", GLI_IN_INDEX | GLI_IN_GRADIENT},
    [GLI_WHERE_A]         = {"a", GLI_IN_GRADIENT},
    [GLI_WHERE_B]         = {"b", GLI_IN_GRADIENT},
};
static const gli_op_output outputs[] = {{"y", GLI_OUT_GRADIENT | GLI_OUT_IN_PLACE, GLI_WHERE_A}};

const gli_op gli_op_where = {
    .name = "where",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    .geom_size = sizeof(gli_where_geom),
    .resolve   = resolve,
    .cost      = cost,
    .exact     = gli_exact_always,
    .derive    = derive,
};

glia_status glia_where(glia_context *ctx, const glia_tensor *condition, const glia_tensor *a, const glia_tensor *b,
                       glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_where, NULL, GLI_IN(condition, a, b), GLI_OUT(y));
}
