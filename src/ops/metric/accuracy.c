#include "ops/metric/accuracy_geom.h"

#include <math.h>

#include "ops/check.h"

static glia_status check_params(const gli_resolution *r, const glia_accuracy_params *p) {
    const char *op = r->op->name;
    GLI_REQUIRE(r->ctx, p->binary || p->k >= 1, GLIA_INVALID_ARGUMENT, "%s: k is %d, must be positive", op, p->k);
    GLI_REQUIRE(r->ctx, !p->binary || p->k <= 1, GLIA_INVALID_ARGUMENT, "%s: k is %d, binary has no classes", op, p->k);
    GLI_REQUIRE(r->ctx, p->binary || !p->logits, GLIA_INVALID_ARGUMENT, "%s: logits is given without binary", op);
    if (!p->binary) return GLIA_OK;
    GLI_REQUIRE(r->ctx, !p->logits || isfinite(p->threshold), GLIA_INVALID_ARGUMENT,
                "%s: threshold is %g, must be finite", op, p->threshold);
    GLI_REQUIRE(r->ctx, p->logits || (p->threshold >= 0 && p->threshold <= 1), GLIA_INVALID_ARGUMENT,
                "%s: threshold is %g, must be 0 to 1", op, p->threshold);
    return GLIA_OK;
}

/* The logit whose sigmoid is p. No sigmoid is above 1, and each of a finite logit is above 0. */
static double logit(double p) {
    if (p <= 0) return -INFINITY;
    return p < 1 ? log(p / (1 - p)) : INFINITY;
}

static glia_status check_target(const gli_resolution *r, bool same_shape) {
    const glia_tensor *prediction = r->in[GLI_ACCURACY_PREDICTION];
    int64_t dim[GLIA_MAX_DIMS];
    if (same_shape) return gli_check_shape(r, GLI_ACCURACY_TARGET, prediction->ndim, prediction->dim);
    for (int i = 1; i < prediction->ndim; ++i) dim[i - 1] = i == 1 ? prediction->dim[0] : prediction->dim[i];
    return gli_check_shape(r, GLI_ACCURACY_TARGET, prediction->ndim - 1, dim);
}

static glia_status resolve(gli_resolution *r) {
    const glia_accuracy_params *p = r->params;
    gli_accuracy_geom *g          = r->geom;
    const glia_tensor *prediction = r->in[GLI_ACCURACY_PREDICTION], *target = r->in[GLI_ACCURACY_TARGET];
    const bool floats = gli_dtype_is_float(target->dtype);
    GLI_TRY(check_params(r, p));
    GLI_REQUIRE(r->ctx, gli_dtype_is_float(prediction->dtype), GLIA_DTYPE_MISMATCH,
                "%s: prediction is %s, must be a float", r->op->name, glia_dtype_name(prediction->dtype));
    GLI_REQUIRE(r->ctx, !floats || target->dtype == prediction->dtype, GLIA_DTYPE_MISMATCH,
                "%s: prediction is %s, target is %s", r->op->name, glia_dtype_name(prediction->dtype),
                glia_dtype_name(target->dtype));
    if (!floats) GLI_TRY(gli_check_index_dtype(r, GLI_ACCURACY_TARGET));
    GLI_REQUIRE(r->ctx, !p->ignore || !floats, GLIA_INVALID_ARGUMENT, "%s: ignore_index %lld with a target of %s",
                r->op->name, (long long)p->ignore_index, glia_dtype_name(target->dtype));
    GLI_REQUIRE(r->ctx, p->binary || (prediction->ndim >= 2 && prediction->dim[1] >= 1), GLIA_SHAPE_MISMATCH,
                "%s: prediction is %s, must be [N,C,...] with at least one class", r->op->name,
                GLI_SHAPE_OF(prediction));
    GLI_TRY(check_target(r, p->binary || floats));
    GLI_REQUIRE(r->ctx, r->in[GLI_ACCURACY_COUNTS]->dtype == GLIA_F64, GLIA_DTYPE_MISMATCH,
                "%s: counts is %s, must be f64", r->op->name, glia_dtype_name(r->in[GLI_ACCURACY_COUNTS]->dtype));
    GLI_TRY(gli_check_dims(r, GLI_ACCURACY_COUNTS, 2));

    int64_t inner = 1;
    for (int i = 2; !p->binary && i < prediction->ndim; ++i) inner *= prediction->dim[i];
    const double threshold = p->binary ? p->threshold : 0;
    g->n                   = (int)(p->binary ? gli_count(prediction) : prediction->dim[0]);
    g->classes             = p->binary ? 1 : (int)prediction->dim[1];
    g->inner               = (int)inner;
    g->k                   = p->k;
    g->binary              = p->binary;
    g->dense               = !p->binary && floats;
    g->ignore              = p->ignore;
    g->ignore_index        = p->ignore ? p->ignore_index : 0;
    g->threshold           = p->logits ? logit(threshold) : threshold;
    gli_set_dims(&r->out[0], GLIA_F64, 2);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    const gli_accuracy_geom *g = geom;
    *out                       = (gli_cost){.flops = (double)g->n * g->inner * g->classes, .depth = 1};
}

static const gli_op_input inputs[] = {
    [GLI_ACCURACY_PREDICTION] = {"prediction", 0},
    [GLI_ACCURACY_TARGET]     = {"target", GLI_IN_INDEX},
    [GLI_ACCURACY_COUNTS]     = {"counts", GLI_IN_INDEX},
};
static const gli_op_output outputs[] = {{"new_counts", GLI_OUT_IN_PLACE | GLI_OUT_INDEX, GLI_ACCURACY_COUNTS}};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_accuracy_params, k),
    GLI_PARAM(glia_accuracy_params, binary),
    GLI_PARAM(glia_accuracy_params, threshold),
    GLI_PARAM(glia_accuracy_params, logits),
    GLI_PARAM(glia_accuracy_params, ignore_index),
    GLI_PARAM(glia_accuracy_params, ignore),
};
static const glia_accuracy_params defaults = {.k = 1, .threshold = 0.5};

const gli_op gli_op_accuracy = {
    .name = "accuracy",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_accuracy_geom),
    .resolve   = resolve,
    .cost      = cost,
    .exact     = gli_exact_always,
};

glia_accuracy_params glia_accuracy_defaults(void) { return defaults; }

glia_status glia_accuracy(glia_context *ctx, const glia_accuracy_params *params, const glia_tensor *prediction,
                          const glia_tensor *target, const glia_tensor *counts, glia_tensor *new_counts) {
    return gli_call_op(ctx, &gli_op_accuracy, params, GLI_IN(prediction, target, counts), GLI_OUT(new_counts));
}
