#include "ops/metric/confusion_matrix_geom.h"

#include "ops/check.h"

static glia_status resolve(gli_resolution *r) {
    const glia_confusion_matrix_params *p = r->params;
    gli_confusion_matrix_geom *g          = r->geom;
    const glia_tensor *prediction         = r->in[GLI_CONFUSION_MATRIX_PREDICTION];
    const glia_tensor *matrix             = r->in[GLI_CONFUSION_MATRIX_MATRIX];
    GLI_REQUIRE(r->ctx, gli_dtype_is_float(prediction->dtype), GLIA_DTYPE_MISMATCH,
                "%s: prediction is %s, must be a float", r->op->name, glia_dtype_name(prediction->dtype));
    GLI_TRY(gli_check_ndim(r, GLI_CONFUSION_MATRIX_PREDICTION, 2));
    GLI_REQUIRE(r->ctx, prediction->dim[1] >= 1, GLIA_SHAPE_MISMATCH, "%s: prediction is %s, must have a class",
                r->op->name, GLI_SHAPE_OF(prediction));
    GLI_TRY(gli_check_index_dtype(r, GLI_CONFUSION_MATRIX_TARGET));
    GLI_TRY(gli_check_dims(r, GLI_CONFUSION_MATRIX_TARGET, prediction->dim[0]));
    GLI_REQUIRE(r->ctx, matrix->dtype == GLIA_I64, GLIA_DTYPE_MISMATCH, "%s: matrix is %s, must be i64", r->op->name,
                glia_dtype_name(matrix->dtype));
    GLI_TRY(gli_check_dims(r, GLI_CONFUSION_MATRIX_MATRIX, prediction->dim[1], prediction->dim[1]));
    g->n            = (int)prediction->dim[0];
    g->classes      = (int)prediction->dim[1];
    g->ignore       = p->ignore;
    g->ignore_index = p->ignore ? p->ignore_index : 0;
    gli_set_dims(&r->out[0], GLIA_I64, g->classes, g->classes);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    const gli_confusion_matrix_geom *g = geom;
    *out                               = (gli_cost){.flops = (double)g->n * g->classes, .depth = g->n};
}

static const gli_op_input inputs[] = {
    [GLI_CONFUSION_MATRIX_PREDICTION] = {"prediction", 0},
    [GLI_CONFUSION_MATRIX_TARGET]     = {"target", GLI_IN_INDEX},
    [GLI_CONFUSION_MATRIX_MATRIX]     = {"matrix", GLI_IN_INDEX},
};
static const gli_op_output outputs[] = {{"new_matrix", GLI_OUT_IN_PLACE | GLI_OUT_INDEX, GLI_CONFUSION_MATRIX_MATRIX}};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_confusion_matrix_params, ignore_index),
    GLI_PARAM(glia_confusion_matrix_params, ignore),
};
static const glia_confusion_matrix_params defaults = {.ignore = false};

const gli_op gli_op_confusion_matrix = {
    .name = "confusion_matrix",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_confusion_matrix_geom),
    .resolve   = resolve,
    .cost      = cost,
    .exact     = gli_exact_always,
};

glia_status glia_confusion_matrix(glia_context *ctx, const glia_confusion_matrix_params *params,
                                  const glia_tensor *prediction, const glia_tensor *target, const glia_tensor *matrix,
                                  glia_tensor *new_matrix) {
    return gli_call_op(ctx, &gli_op_confusion_matrix, params, GLI_IN(prediction, target, matrix), GLI_OUT(new_matrix));
}
