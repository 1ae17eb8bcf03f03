#include "ops/reduce/topk_geom.h"

#include "core/derive.h"
#include "glia/ops/backward/movement.h"
#include "ops/check.h"
#include "ops/formula.h"

static glia_status resolve(gli_resolution *r) {
    const glia_topk_params *p = r->params;
    gli_topk_geom *g          = r->geom;
    const glia_tensor *x      = r->in[0];
    int64_t dim[GLIA_MAX_DIMS];
    int axis;
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_check_axis(r, p->axis, x->ndim, &axis));
    gli_split_at(x, axis, &g->outer, &g->length, &g->inner);
    GLI_REQUIRE(r->ctx, p->k >= 1 && p->k <= x->dim[axis], GLIA_INVALID_ARGUMENT,
                "%s: k is %d, must be 1 to %lld, the size of axis %d of x %s", r->op->name, p->k,
                (long long)x->dim[axis], axis, GLI_SHAPE_OF(x));
    g->k = p->k, g->smallest = p->smallest;
    for (int i = 0; i < x->ndim; ++i) dim[i] = i == axis ? p->k : x->dim[i];
    gli_set_shape(&r->out[GLI_TOPK_Y], x->dtype, x->ndim, dim);
    gli_set_shape(&r->out[GLI_TOPK_INDICES], GLIA_I64, x->ndim, dim);
    gli_set_shape(&r->out[GLI_TOPK_POSITIONS], GLIA_I64, x->ndim, dim);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    const gli_topk_geom *g = geom;
    *out                   = (gli_cost){.flops = (double)g->outer * g->length * g->inner * g->k};
}

/* dy goes to where its elements came from. */
static void derive(gli_derivation *d) {
    const glia_shape x = glia_graph_shape(d->graph, d->in[0]), y = glia_graph_shape(d->graph, d->dout[0]);
    const gli_topk_geom *g                   = d->geom;
    const glia_gather_backward_params params = {.size = g->outer * g->length * g->inner};
    int64_t count                            = 1;
    for (int i = 0; i < y.ndim; ++i) count *= y.dim[i];
    const glia_value dy = gli_formula_reshape(d, d->dout[0], GLIA_SHAPE(count));
    const glia_value at = gli_formula_reshape(d, d->out[GLI_TOPK_POSITIONS], GLIA_SHAPE(count));
    d->din[0]           = gli_formula_reshape(d, gli_derive(d, &gli_op_gather_backward, &params, dy, at), x);
}

static const gli_op_input inputs[]   = {{"x", GLI_IN_GRADIENT}};
static const gli_op_output outputs[] = {
    [GLI_TOPK_Y]         = {"y", GLI_OUT_GRADIENT},
    [GLI_TOPK_INDICES]   = {"indices", GLI_OUT_OPTIONAL | GLI_OUT_INDEX},
    [GLI_TOPK_POSITIONS] = {"positions", GLI_OUT_OPTIONAL | GLI_OUT_INDEX},
};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_topk_params, axis),
    GLI_PARAM(glia_topk_params, k),
    GLI_PARAM(glia_topk_params, smallest),
};
static const glia_topk_params defaults = {.axis = -1, .k = 1};

const gli_op gli_op_topk = {
    .name = "topk",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_topk_geom),
    .layout    = GLI_LAYOUT_DENSE,
    .resolve   = resolve,
    .cost      = cost,
    .exact     = gli_exact_always,
    .derive    = derive,
};

glia_topk_params glia_topk_defaults(void) { return defaults; }

glia_status glia_topk(glia_context *ctx, const glia_topk_params *params, const glia_tensor *x, glia_tensor *y,
                      glia_tensor *indices, glia_tensor *positions) {
    return gli_call_op(ctx, &gli_op_topk, params, GLI_IN(x), GLI_OUT(y, indices, positions));
}
