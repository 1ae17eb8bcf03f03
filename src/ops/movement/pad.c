#include "ops/movement/pad_geom.h"

#include <limits.h>

#include "core/derive.h"
#include "ops/check.h"

static glia_status resolve(gli_resolution *r) {
    const glia_pad_params *p   = r->params;
    gli_pad_geom *g            = r->geom;
    const glia_tensor *x       = r->in[GLI_PAD_X];
    int64_t dim[GLIA_MAX_DIMS] = {0};
    g->ndim                    = x->ndim;
    g->value                   = p->value;
    for (int i = 0; i < GLIA_MAX_DIMS; ++i) {
        GLI_REQUIRE(r->ctx, p->before[i] >= 0 && p->after[i] >= 0, GLIA_INVALID_ARGUMENT,
                    "%s: before[%d] is %d and after[%d] is %d, must not be negative", r->op->name, i, p->before[i], i,
                    p->after[i]);
        GLI_REQUIRE(r->ctx, i < x->ndim || (p->before[i] == 0 && p->after[i] == 0), GLIA_INVALID_ARGUMENT,
                    "%s: before or after of dimension %d is given, x is %s", r->op->name, i, GLI_SHAPE_OF(x));
        if (i >= x->ndim) continue;
        dim[i] = x->dim[i] + p->before[i] + p->after[i];
        GLI_REQUIRE(r->ctx, dim[i] <= INT_MAX, GLIA_UNSUPPORTED, "%s: dimension %d of y would be %lld", r->op->name, i,
                    (long long)dim[i]);
        g->before[i] = p->before[i];
        g->size[i]   = (int)x->dim[i];
    }
    gli_set_shape(&r->out[0], x->dtype, x->ndim, dim);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    (void)geom;
    *out = (gli_cost){0};
}

static void derive(gli_derivation *d) {
    const gli_pad_geom *g  = d->geom;
    glia_slice_params part = glia_slice_defaults();
    for (int i = 0; i < g->ndim; ++i) {
        part.start[i] = g->before[i];
        part.stop[i]  = g->before[i] + g->size[i];
    }
    d->din[GLI_PAD_X] = gli_derive(d, &gli_op_slice, &part, d->dout[0]);
}

static const gli_op_input inputs[] = {
    [GLI_PAD_X] = {"x", GLI_IN_GRADIENT | GLI_IN_IMAGE},
};
static const gli_op_output outputs[] = {{"y", GLI_OUT_GRADIENT | GLI_OUT_IMAGE}};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_pad_params, before),
    GLI_PARAM(glia_pad_params, after),
    GLI_PARAM(glia_pad_params, value),
};
static const glia_pad_params defaults = {.value = 0};

const gli_op gli_op_pad = {
    .name = "pad",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_pad_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve,
    .cost      = cost,
    .exact     = gli_exact_always,
    .derive    = derive,
};

glia_status glia_pad(glia_context *ctx, const glia_pad_params *params, const glia_tensor *x, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_pad, params, GLI_IN(x), GLI_OUT(y));
}
