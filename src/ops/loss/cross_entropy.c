#include "ops/loss/cross_entropy_geom.h"

#include "core/derive.h"
#include "ops/check.h"
#include "ops/formula.h"
#include "ops/loss/loss_names.h"

static const char *const sources[] = {[GLIA_FROM_LOGITS]            = "logits",
                                      [GLIA_FROM_LOG_PROBABILITIES] = "log_probabilities",
                                      [GLIA_FROM_PROBABILITIES]     = "probabilities"};

static glia_status check_params(const gli_resolution *r, const glia_cross_entropy_params *p) {
    GLI_REQUIRE(r->ctx, p->label_smoothing >= 0 && p->label_smoothing <= 1, GLIA_INVALID_ARGUMENT,
                "%s: label_smoothing is %g, must be 0 to 1", r->op->name, p->label_smoothing);
    return GLIA_OK;
}

static glia_status check_target(const gli_resolution *r, const glia_cross_entropy_params *p) {
    const glia_tensor *x = r->in[GLI_CROSS_ENTROPY_X], *target = r->in[GLI_CROSS_ENTROPY_TARGET];
    if (gli_dtype_is_float(target->dtype)) {
        GLI_REQUIRE(r->ctx, target->dtype == x->dtype, GLIA_DTYPE_MISMATCH, "%s: x is %s, target is %s", r->op->name,
                    glia_dtype_name(x->dtype), glia_dtype_name(target->dtype));
        GLI_REQUIRE(r->ctx, !p->ignore, GLIA_INVALID_ARGUMENT,
                    "%s: ignore_index %lld with a target of probabilities, which have no index", r->op->name,
                    (long long)p->ignore_index);
        return gli_check_shape(r, GLI_CROSS_ENTROPY_TARGET, x->ndim, x->dim);
    }
    int64_t dim[GLIA_MAX_DIMS];
    GLI_TRY(gli_check_index_dtype(r, GLI_CROSS_ENTROPY_TARGET));
    for (int i = 1; i < x->ndim; ++i) dim[i - 1] = i == 1 ? x->dim[0] : x->dim[i];
    return gli_check_shape(r, GLI_CROSS_ENTROPY_TARGET, x->ndim - 1, dim);
}

/* Sets the shape of a loss of x: scalar, or its items. */
static void set_loss_shape(const glia_tensor *x, glia_reduction reduction, glia_tensor *y) {
    int64_t dim[GLIA_MAX_DIMS];
    for (int i = 1; i < x->ndim; ++i) dim[i - 1] = i == 1 ? x->dim[0] : x->dim[i];
    gli_set_shape(y, x->dtype, reduction == GLIA_REDUCTION_NONE ? x->ndim - 1 : 0, dim);
}

static glia_status resolve_geometry(const gli_resolution *r, glia_tensor *loss) {
    const glia_cross_entropy_params *p = r->params;
    gli_cross_entropy_geom *g          = r->geom;
    const glia_tensor *x               = r->in[GLI_CROSS_ENTROPY_X];
    GLI_TRY(check_params(r, p));
    GLI_REQUIRE(r->ctx, gli_dtype_is_float(x->dtype), GLIA_DTYPE_MISMATCH, "%s: x is %s, must be a float", r->op->name,
                glia_dtype_name(x->dtype));
    GLI_REQUIRE(r->ctx, x->ndim >= 2 && x->dim[1] >= 1, GLIA_SHAPE_MISMATCH,
                "%s: x is %s, must be [N,C,...] with at least one class", r->op->name, GLI_SHAPE_OF(x));
    GLI_TRY(check_target(r, p));
    if (r->n_in > GLI_CROSS_ENTROPY_WEIGHT && r->in[GLI_CROSS_ENTROPY_WEIGHT]) {
        const glia_tensor *weight = r->in[GLI_CROSS_ENTROPY_WEIGHT];
        GLI_REQUIRE(r->ctx, weight->dtype == x->dtype, GLIA_DTYPE_MISMATCH, "%s: x is %s, class_weight is %s",
                    r->op->name, glia_dtype_name(x->dtype), glia_dtype_name(weight->dtype));
        GLI_TRY(gli_check_dims(r, GLI_CROSS_ENTROPY_WEIGHT, x->dim[1]));
    }
    int64_t inner = 1;
    for (int i = 2; i < x->ndim; ++i) inner *= x->dim[i];
    g->n = (int)x->dim[0], g->classes = (int)x->dim[1], g->inner = (int)inner;
    g->dense           = gli_dtype_is_float(r->in[GLI_CROSS_ENTROPY_TARGET]->dtype);
    g->ignore          = p->ignore;
    g->from            = p->from;
    g->reduction       = p->reduction;
    g->ignore_index    = p->ignore ? p->ignore_index : 0;
    g->label_smoothing = p->label_smoothing;
    set_loss_shape(x, p->reduction, loss);
    return GLIA_OK;
}

static glia_status resolve_forward(gli_resolution *r) { return resolve_geometry(r, &r->out[0]); }

static glia_status resolve_backward(gli_resolution *r) {
    const glia_tensor *x = r->in[GLI_CROSS_ENTROPY_X], *dy = r->in[GLI_CROSS_ENTROPY_DY];
    glia_tensor loss = {0};
    GLI_TRY(resolve_geometry(r, &loss));
    GLI_REQUIRE(r->ctx, dy->dtype == x->dtype, GLIA_DTYPE_MISMATCH, "%s: x is %s, dy is %s", r->op->name,
                glia_dtype_name(x->dtype), glia_dtype_name(dy->dtype));
    GLI_TRY(gli_check_shape(r, GLI_CROSS_ENTROPY_DY, loss.ndim, loss.dim));
    gli_set_shape(&r->out[GLI_CROSS_ENTROPY_BACK_DX], x->dtype, x->ndim, x->dim);
    gli_set_shape(&r->out[GLI_CROSS_ENTROPY_BACK_Y], loss.dtype, loss.ndim, loss.dim);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    const gli_cross_entropy_geom *g = geom;
    const double items              = (double)g->n * g->inner;
    const double summed             = g->reduction == GLIA_REDUCTION_NONE ? 0 : items;
    *out =
        (gli_cost){.flops = 6 * items * g->classes, .depth = 2 * gli_sum_depth(g->classes) + gli_sum_depth(summed) + 8};
}

static void derive(gli_derivation *d) {
    const glia_value weight = d->n_in > GLI_CROSS_ENTROPY_WEIGHT ? d->in[GLI_CROSS_ENTROPY_WEIGHT] : (glia_value){0};
    d->din[GLI_CROSS_ENTROPY_X] = gli_derive(d, &gli_op_cross_entropy_backward, d->params, d->in[GLI_CROSS_ENTROPY_X],
                                             d->in[GLI_CROSS_ENTROPY_TARGET], weight, d->dout[0]);
}

/* -q[c] over the divisor of the mean, for dy 1: the gradient by log-probabilities, which does not depend on them. */
static glia_value unit_gradient(gli_derivation *d) {
    const glia_value x = d->in[GLI_CROSS_ENTROPY_X], dy = d->in[GLI_CROSS_ENTROPY_DY];
    const glia_dtype dtype        = glia_graph_dtype(d->graph, x);
    const glia_value zeros        = gli_derive_constant(d, dtype, glia_graph_shape(d->graph, x), 0);
    const glia_value one          = gli_derive_constant(d, dtype, glia_graph_shape(d->graph, dy), 1);
    glia_cross_entropy_params log = *(const glia_cross_entropy_params *)d->params;
    log.from                      = GLIA_FROM_LOG_PROBABILITIES;
    return gli_derive(d, &gli_op_cross_entropy_backward, &log, zeros, d->in[GLI_CROSS_ENTROPY_TARGET],
                      d->in[GLI_CROSS_ENTROPY_WEIGHT], one);
}

/* With b = - dy q[c]: log-probabilities b, logits b - softmax(x)[c] sum(b), probabilities b / x[c]. */
static void compose_backward(gli_derivation *d, glia_value *out) {
    const gli_cross_entropy_geom *g = d->geom;
    const glia_value x              = d->in[GLI_CROSS_ENTROPY_X];
    const glia_softmax_params over  = {.axis = 1};
    const glia_unary_params range   = {.kind = GLIA_UNARY_CLIP, .alpha = GLI_CROSS_ENTROPY_EPSILON, .beta = 1};
    glia_value dy                   = d->in[GLI_CROSS_ENTROPY_DY];
    if (g->reduction == GLIA_REDUCTION_NONE) {
        glia_shape shape = glia_graph_shape(d->graph, x);
        shape.dim[1]     = 1;
        dy               = gli_formula_reshape(d, dy, shape);
    }
    const glia_value b = gli_formula_mul(d, unit_gradient(d), dy);
    glia_value dx      = b;
    switch (g->from) {
        case GLIA_FROM_LOG_PROBABILITIES: break;
        case GLIA_FROM_LOGITS:
            dx = gli_formula_sub(
                d, b,
                gli_formula_mul(d, gli_derive(d, &gli_op_softmax, &over, x), gli_formula_sum(d, b, GLIA_AXIS(1))));
            break;
        case GLIA_FROM_PROBABILITIES: /* 0 where x is clipped */
            dx = gli_derive(d, &gli_op_unary_backward, &range, x, (glia_value){0},
                            gli_formula_div(d, b, gli_derive(d, &gli_op_unary, &range, x)));
            break;
    }
    out[GLI_CROSS_ENTROPY_BACK_DX] = dx;
    if (d->dout[GLI_CROSS_ENTROPY_BACK_Y].id)
        out[GLI_CROSS_ENTROPY_BACK_Y] = gli_derive(d, &gli_op_cross_entropy, d->params, x,
                                                   d->in[GLI_CROSS_ENTROPY_TARGET], d->in[GLI_CROSS_ENTROPY_WEIGHT]);
}

static void derive_backward(gli_derivation *d) { gli_derive_composition(d, compose_backward); }

static const gli_op_input forward_inputs[] = {
    [GLI_CROSS_ENTROPY_X]      = {"x", GLI_IN_GRADIENT},
    [GLI_CROSS_ENTROPY_TARGET] = {"target", GLI_IN_INDEX},
    [GLI_CROSS_ENTROPY_WEIGHT] = {"class_weight", GLI_IN_OPTIONAL},
};
static const gli_op_output forward_outputs[] = {{"y", GLI_OUT_GRADIENT}};

static const gli_op_param fields[] = {
    GLI_PARAM_NAMED(glia_cross_entropy_params, from, sources),
    GLI_PARAM_NAMED(glia_cross_entropy_params, reduction, gli_reduction_names),
    GLI_PARAM(glia_cross_entropy_params, ignore_index),
    GLI_PARAM(glia_cross_entropy_params, ignore),
    GLI_PARAM(glia_cross_entropy_params, label_smoothing),
};
static const glia_cross_entropy_params defaults = {.from = GLIA_FROM_LOGITS};

const gli_op gli_op_cross_entropy = {
    .name = "cross_entropy",
    GLI_INPUTS(forward_inputs),
    GLI_OUTPUTS(forward_outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_cross_entropy_geom),
    .resolve   = resolve_forward,
    .cost      = cost,
    .derive    = derive,
};

static const gli_op_input backward_inputs[] = {
    [GLI_CROSS_ENTROPY_X]      = {"x", GLI_IN_GRADIENT},
    [GLI_CROSS_ENTROPY_TARGET] = {"target", GLI_IN_INDEX},
    [GLI_CROSS_ENTROPY_WEIGHT] = {"class_weight", GLI_IN_OPTIONAL},
    [GLI_CROSS_ENTROPY_DY]     = {"dy", GLI_IN_GRADIENT},
};
static const gli_op_output backward_outputs[] = {
    [GLI_CROSS_ENTROPY_BACK_DX] = {"dx", GLI_OUT_GRADIENT},
    [GLI_CROSS_ENTROPY_BACK_Y]  = {"y", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL},
};

const gli_op gli_op_cross_entropy_backward = {
    .name = "cross_entropy_backward",
    GLI_INPUTS(backward_inputs),
    GLI_OUTPUTS(backward_outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_cross_entropy_geom),
    .resolve   = resolve_backward,
    .cost      = cost,
    .derive    = derive_backward,
};

glia_status glia_cross_entropy(glia_context *ctx, const glia_cross_entropy_params *params, const glia_tensor *x,
                               const glia_tensor *target, const glia_tensor *class_weight, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_cross_entropy, params, GLI_IN(x, target, class_weight), GLI_OUT(y));
}

glia_status glia_nll(glia_context *ctx, const glia_cross_entropy_params *params, const glia_tensor *x,
                     const glia_tensor *target, const glia_tensor *class_weight, glia_tensor *y) {
    glia_cross_entropy_params from_log = params ? *params : defaults;
    from_log.from                      = GLIA_FROM_LOG_PROBABILITIES;
    return glia_cross_entropy(ctx, &from_log, x, target, class_weight, y);
}

glia_status glia_cross_entropy_backward(glia_context *ctx, const glia_cross_entropy_params *params,
                                        const glia_tensor *x, const glia_tensor *target,
                                        const glia_tensor *class_weight, const glia_tensor *dy, glia_tensor *dx) {
    return gli_call_op(ctx, &gli_op_cross_entropy_backward, params, GLI_IN(x, target, class_weight, dy), GLI_OUT(dx));
}
