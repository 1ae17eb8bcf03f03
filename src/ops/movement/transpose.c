#include "ops/movement/transpose_geom.h"

#include "core/derive.h"
#include "ops/check.h"

static glia_status resolve(gli_resolution *r) {
    const glia_transpose_params *p = r->params;
    gli_transpose_geom *g          = r->geom;
    const glia_tensor *x           = r->in[GLI_TRANSPOSE_X];
    bool used[GLIA_MAX_DIMS]       = {0};
    int64_t dim[GLIA_MAX_DIMS]     = {0};
    g->ndim                        = x->ndim;
    for (int i = 0; i < x->ndim; ++i) {
        const int given = p->permutation[i], from = given < 0 ? given + x->ndim : given;
        GLI_REQUIRE(r->ctx, from >= 0 && from < x->ndim, GLIA_INVALID_ARGUMENT,
                    "%s: permutation[%d] is %d, x is %s: it has no such dimension", r->op->name, i, given,
                    GLI_SHAPE_OF(x));
        GLI_REQUIRE(r->ctx, !used[from], GLIA_INVALID_ARGUMENT, "%s: permutation names dimension %d twice", r->op->name,
                    from);
        used[from]        = true;
        g->permutation[i] = from;
        dim[i]            = x->dim[from];
    }
    for (int i = x->ndim; i < GLIA_MAX_DIMS; ++i)
        GLI_REQUIRE(r->ctx, p->permutation[i] == 0 || p->permutation[i] == -1 - i, GLIA_INVALID_ARGUMENT,
                    "%s: permutation[%d] is %d, x has only %d dimensions", r->op->name, i, p->permutation[i], x->ndim);
    gli_set_shape(&r->out[0], x->dtype, x->ndim, dim);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    (void)geom;
    *out = (gli_cost){0};
}

static void derive(gli_derivation *d) {
    const gli_transpose_geom *g = d->geom;
    glia_transpose_params back  = {0};
    for (int i = 0; i < g->ndim; ++i) back.permutation[g->permutation[i]] = i;
    d->din[GLI_TRANSPOSE_X] = gli_derive(d, &gli_op_transpose, &back, d->dout[0]);
}

static const gli_op_input inputs[] = {
    [GLI_TRANSPOSE_X] = {"x", GLI_IN_GRADIENT},
};
static const gli_op_output outputs[] = {{"y", GLI_OUT_GRADIENT}};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_transpose_params, permutation),
};
static const glia_transpose_params defaults = {.permutation = {-1, -2, -3, -4, -5, -6, -7, -8}};

const gli_op gli_op_transpose = {
    .name = "transpose",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_transpose_geom),
    .resolve   = resolve,
    .cost      = cost,
    .exact     = gli_exact_always,
    .derive    = derive,
};

glia_transpose_params glia_transpose_defaults(void) { return defaults; }

glia_status glia_transpose(glia_context *ctx, const glia_transpose_params *params, const glia_tensor *x,
                           glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_transpose, params, GLI_IN(x), GLI_OUT(y));
}
