#include "ops/movement/one_hot_geom.h"

#include "ops/check.h"

static glia_status resolve(gli_resolution *r) {
    const glia_one_hot_params *p = r->params;
    const glia_tensor *indices   = r->in[GLI_ONE_HOT_INDICES];
    gli_one_hot_geom *g          = r->geom;
    int64_t dim[GLIA_MAX_DIMS + 1];
    GLI_TRY(gli_check_index_dtype(r, GLI_ONE_HOT_INDICES));
    GLI_REQUIRE(r->ctx, p->classes >= 1, GLIA_INVALID_ARGUMENT, "%s: classes is %d, must be positive", r->op->name,
                p->classes);
    GLI_REQUIRE(r->ctx, indices->ndim < GLIA_MAX_DIMS, GLIA_UNSUPPORTED,
                "%s: indices is %s: y would have %d dimensions", r->op->name, GLI_SHAPE_OF(indices), indices->ndim + 1);
    for (int i = 0; i < indices->ndim; ++i) dim[i] = indices->dim[i];
    dim[indices->ndim] = p->classes;
    g->count           = (int)gli_count(indices);
    g->classes         = p->classes;
    g->on              = p->on;
    g->off             = p->off;
    gli_set_shape(&r->out[0], p->dtype, indices->ndim + 1, dim);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    (void)geom;
    *out = (gli_cost){0};
}

static const gli_op_input inputs[] = {
    [GLI_ONE_HOT_INDICES] = {"indices", GLI_IN_INDEX},
};
static const gli_op_output outputs[] = {{"y", 0}};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_one_hot_params, classes),
    GLI_PARAM_NAMED(glia_one_hot_params, dtype, gli_dtype_names),
    GLI_PARAM(glia_one_hot_params, on),
    GLI_PARAM(glia_one_hot_params, off),
};
static const glia_one_hot_params defaults = {.on = 1};

const gli_op gli_op_one_hot = {
    .name = "one_hot",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_one_hot_geom),
    .resolve   = resolve,
    .cost      = cost,
    .exact     = gli_exact_always,
};

glia_one_hot_params glia_one_hot_defaults(void) { return defaults; }

glia_status glia_one_hot(glia_context *ctx, const glia_one_hot_params *params, const glia_tensor *indices,
                         glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_one_hot, params, GLI_IN(indices), GLI_OUT(y));
}
