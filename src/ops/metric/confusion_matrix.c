#include "ops/metric/confusion_matrix_geom.h"

#include "ops/check.h"

static glia_status resolve(glia_resolution *r) {
    const glia_confusion_matrix_params *p = r->params;
    glia_confusion_matrix_geom *g         = r->geom;
    const glia_tensor *prediction         = r->in[CONFUSION_MATRIX_PREDICTION];
    const glia_tensor *matrix             = r->in[CONFUSION_MATRIX_MATRIX];
    GLIA_REQUIRE(r->ctx, glia_dtype_is_float(prediction->dtype), GLIA_DTYPE_MISMATCH,
                 "%s: prediction is %s, must be a float", r->op->name, glia_dtype_name(prediction->dtype));
    GLIA_TRY(glia_check_ndim(r, CONFUSION_MATRIX_PREDICTION, 2));
    GLIA_REQUIRE(r->ctx, prediction->dim[1] >= 1, GLIA_SHAPE_MISMATCH, "%s: prediction is %s, must have a class",
                 r->op->name, GLIA_SHAPE_OF(prediction));
    GLIA_TRY(glia_check_index_dtype(r, CONFUSION_MATRIX_TARGET));
    GLIA_TRY(glia_check_dims(r, CONFUSION_MATRIX_TARGET, prediction->dim[0]));
    GLIA_REQUIRE(r->ctx, matrix->dtype == GLIA_I64, GLIA_DTYPE_MISMATCH, "%s: matrix is %s, must be i64", r->op->name,
                 glia_dtype_name(matrix->dtype));
    GLIA_TRY(glia_check_dims(r, CONFUSION_MATRIX_MATRIX, prediction->dim[1], prediction->dim[1]));
    g->n            = (int)prediction->dim[0];
    g->classes      = (int)prediction->dim[1];
    g->ignore       = p->ignore;
    g->ignore_index = p->ignore ? p->ignore_index : 0;
    glia_set_dims(&r->out[0], GLIA_I64, g->classes, g->classes);
    return GLIA_OK;
}

static void cost(const void *geom, glia_cost *out) {
    const glia_confusion_matrix_geom *g = geom;
    *out                                = (glia_cost){.flops = (double)g->n * g->classes, .depth = g->n};
}

static const char *const in_names[] = {"prediction", "target", "matrix"}, *const out_names[] = {"new_matrix"};

const glia_op glia_op_confusion_matrix = {
    .name        = "confusion_matrix",
    .in_names    = in_names,
    .out_names   = out_names,
    .params_size = sizeof(glia_confusion_matrix_params),
    .geom_size   = sizeof(glia_confusion_matrix_geom),
    .min_in      = 3,
    .max_in      = 3,
    .n_out       = 1,
    .in_place    = {1 + CONFUSION_MATRIX_MATRIX},
    .resolve     = resolve,
    .cost        = cost,
    .exact       = glia_exact_always,
};

glia_status glia_confusion_matrix(glia_context *ctx, const glia_confusion_matrix_params *params,
                                  const glia_tensor *prediction, const glia_tensor *target, const glia_tensor *matrix,
                                  glia_tensor *new_matrix) {
    return glia_call_op(ctx, &glia_op_confusion_matrix, params, 3, (const glia_tensor *[]){prediction, target, matrix},
                        1, (glia_tensor *[]){new_matrix});
}
