#include "ops/movement/concat_geom.h"

#include <assert.h>

#include <limits.h>

#include "core/derive.h"
#include "ops/check.h"

static glia_status check_part(const gli_resolution *r, int i, int axis) {
    const glia_tensor *x = r->in[i], *first = r->in[0];
    GLI_REQUIRE(r->ctx, x, GLIA_INVALID_ARGUMENT, "%s: %s of %d inputs is NULL", r->op->name, r->op->inputs[i].name,
                r->n_in);
    GLI_REQUIRE(r->ctx, x->dtype == first->dtype, GLIA_DTYPE_MISMATCH, "%s: x0 is %s, %s is %s", r->op->name,
                glia_dtype_name(first->dtype), r->op->inputs[i].name, glia_dtype_name(x->dtype));
    bool fits = x->ndim == first->ndim;
    for (int k = 0; k < x->ndim && fits; ++k) fits = k == axis || x->dim[k] == first->dim[k];
    GLI_REQUIRE(r->ctx, fits, GLIA_SHAPE_MISMATCH, "%s: x0 is %s, %s is %s: they may differ in dimension %d only",
                r->op->name, GLI_SHAPE_OF(first), r->op->inputs[i].name, GLI_SHAPE_OF(x), axis);
    return GLIA_OK;
}

static glia_status resolve(gli_resolution *r) {
    const glia_concat_params *p = r->params;
    gli_concat_geom *g          = r->geom;
    const glia_tensor *first    = r->in[0];
    int64_t dim[GLIA_MAX_DIMS] = {0}, length = 0;
    GLI_TRY(gli_check_axis(r, p->axis, first->ndim, &g->axis));
    g->n = r->n_in;
    for (int i = 0; i < r->n_in; ++i) {
        GLI_TRY(check_part(r, i, g->axis));
        length += r->in[i]->dim[g->axis];
        GLI_REQUIRE(r->ctx, length <= INT_MAX, GLIA_UNSUPPORTED, "%s: y would have %lld elements along dimension %d",
                    r->op->name, (long long)length, g->axis);
        g->start[i + 1] = (int)length;
    }
    for (int k = 0; k < first->ndim; ++k) dim[k] = k == g->axis ? length : first->dim[k];
    gli_set_shape(&r->out[0], first->dtype, first->ndim, dim);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    (void)geom;
    *out = (gli_cost){0};
}

static void derive(gli_derivation *d) {
    const gli_concat_geom *g = d->geom;
    for (int i = 0; i < g->n; ++i) {
        if (!gli_requested(d, i)) continue;
        glia_slice_params part = glia_slice_defaults();
        part.start[g->axis]    = g->start[i];
        part.stop[g->axis]     = g->start[i + 1];
        d->din[i]              = gli_derive(d, &gli_op_slice, &part, d->dout[0]);
    }
}

#define INPUT(name) {name, GLI_IN_GRADIENT | GLI_IN_OPTIONAL | GLI_IN_IMAGE}
static const gli_op_input inputs[GLI_CONCAT_MAX_INPUTS] = {
    {"x0", GLI_IN_GRADIENT | GLI_IN_IMAGE},
    INPUT("x1"),
    INPUT("x2"),
    INPUT("x3"),
    INPUT("x4"),
    INPUT("x5"),
    INPUT("x6"),
    INPUT("x7"),
    INPUT("x8"),
    INPUT("x9"),
    INPUT("x10"),
    INPUT("x11"),
    INPUT("x12"),
    INPUT("x13"),
    INPUT("x14"),
    INPUT("x15"),
    INPUT("x16"),
    INPUT("x17"),
    INPUT("x18"),
    INPUT("x19"),
    INPUT("x20"),
    INPUT("x21"),
    INPUT("x22"),
    INPUT("x23"),
    INPUT("x24"),
    INPUT("x25"),
    INPUT("x26"),
    INPUT("x27"),
    INPUT("x28"),
    INPUT("x29"),
    INPUT("x30"),
    INPUT("x31"),
};
#undef INPUT
static_assert((int)GLI_CONCAT_MAX_INPUTS == (int)GLI_MAX_IN, "a call takes as many");
static const gli_op_output outputs[] = {{"y", GLI_OUT_GRADIENT | GLI_OUT_IMAGE}};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_concat_params, axis),
};
static const glia_concat_params defaults = {.axis = 0};

const gli_op gli_op_concat = {
    .name = "concat",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_concat_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve,
    .cost      = cost,
    .exact     = gli_exact_always,
    .derive    = derive,
};

glia_status glia_concat(glia_context *ctx, const glia_concat_params *params, const glia_tensor *const *x, int n,
                        glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_concat, params, n, x, GLI_OUT(y));
}
