#include "ops/reduce/argmax_geom.h"

#include "ops/check.h"

static glia_status resolve(gli_resolution *r) {
    const glia_argmax_params *p = r->params;
    gli_argmax_geom *g          = r->geom;
    const glia_tensor *x        = r->in[0];
    int64_t out[GLIA_MAX_DIMS];
    int ndim = 0;
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_check_axis(r, p->axis, x->ndim, &g->axis));
    gli_split_at(x, g->axis, &g->outer, &g->length, &g->inner);
    g->keep_dims = p->keep_dims;
    for (int i = 0; i < x->ndim; ++i)
        if (i != g->axis || p->keep_dims) out[ndim++] = i == g->axis ? 1 : x->dim[i];
    GLI_REQUIRE(r->ctx, g->length > 0 || (double)g->outer * g->inner == 0, GLIA_SHAPE_MISMATCH,
                "%s: x is %s, and axis %d is empty: there is no maximum", r->op->name, GLI_SHAPE_OF(x), g->axis);
    gli_set_shape(&r->out[0], GLIA_I64, ndim, out);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    const gli_argmax_geom *g = geom;
    *out                     = (gli_cost){.flops = (double)g->outer * g->length * g->inner};
}

static const gli_op_input inputs[]   = {{"x", 0}};
static const gli_op_output outputs[] = {{"y", GLI_OUT_INDEX}};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_argmax_params, axis),
    GLI_PARAM(glia_argmax_params, keep_dims),
};
static const glia_argmax_params defaults = {.axis = -1};

const gli_op gli_op_argmax = {
    .name = "argmax",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_argmax_geom),
    .layout    = GLI_LAYOUT_DENSE,
    .resolve   = resolve,
    .cost      = cost,
    .exact     = gli_exact_always,
};

glia_argmax_params glia_argmax_defaults(void) { return defaults; }

glia_status glia_argmax(glia_context *ctx, const glia_argmax_params *params, const glia_tensor *x, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_argmax, params, GLI_IN(x), GLI_OUT(y));
}
