/* Scalers of a dataset's field. */
#include <float.h>
#include <math.h>

#include "core/dtype.h"
#include "data/dataset.h"
#include "data/scaler.h"

static glia_status find_field(const glia_dataset *dataset, const char *function, const char *name,
                              const glia_scaler *scalers, int64_t n, int *column) {
    glia_context *ctx = dataset->ctx;
    char names[GLI_FIELD_NAMES];
    GLI_REQUIRE(ctx, name && scalers, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", function, name ? "scalers" : "field");
    *column = gli_dataset_find(dataset, name);
    GLI_REQUIRE(ctx, *column >= 0, GLIA_INVALID_ARGUMENT, "%s: '%.63s' is no field of the dataset; there are %s",
                function, name, gli_field_names(dataset, names));
    const gli_data_field *field = gli_column_field(dataset, *column);
    GLI_REQUIRE(ctx, field->delivered == GLIA_F32 || field->delivered == GLIA_F64, GLIA_DTYPE_MISMATCH,
                "%s: '%s' is %s, must be f32 or f64", function, name, glia_dtype_name(field->delivered));
    GLI_REQUIRE(ctx, n == field->elements, GLIA_SHAPE_MISMATCH, "%s: n is %lld, '%s' has %lld numbers", function,
                (long long)n, name, (long long)field->elements);
    return GLIA_OK;
}

/* Makes the cursor read nothing but this column, where it is possible. */
static glia_status open_column(const glia_dataset *dataset, int column, gli_cursor *cursor) {
    GLI_TRY(gli_cursor_create(dataset, cursor));
    for (int i = 0; i < gli_dataset_columns(dataset); ++i)
        if (i != column) cursor->to[i] = NULL;
    return GLIA_OK;
}

static glia_status gather_moments(gli_cursor *cursor, const char *function, int column, gli_moments *m) {
    const gli_data_field *field = gli_column_field(cursor->dataset, column);
    for (int64_t i = 0; i < cursor->dataset->count; ++i) {
        GLI_TRY(gli_cursor_read(cursor, i));
        for (int64_t k = 0; k < field->elements; ++k) {
            const double x = gli_load(field->delivered, cursor->to[column], k);
            GLI_REQUIRE(cursor->dataset->ctx, isfinite(x), GLIA_NOT_FINITE,
                        "%s: number %lld of '%s' is %g in sample %lld", function, (long long)k,
                        cursor->dataset->columns[column].name, x, (long long)i);
            gli_moments_update(&m[k], x);
        }
    }
    return GLIA_OK;
}

static glia_status fit_field(const glia_dataset *dataset, const char *name, const glia_scaler_args *given,
                             glia_scaler *scalers, int64_t n) {
    const char *function  = "glia_scaler_fit_field";
    glia_context *ctx     = dataset->ctx;
    glia_scaler_args args = {0};
    int column            = 0;
    gli_cursor cursor;
    void *moments = NULL;
    GLI_TRY(find_field(dataset, function, name, scalers, n, &column));
    GLI_TRY(gli_scaler_args(ctx, function, given, &args));
    GLI_REQUIRE(ctx, dataset->count > 0, GLIA_INVALID_ARGUMENT, "%s: the dataset has no samples", function);
    GLI_TRY(open_column(dataset, column, &cursor));
    glia_status status = gli_new(ctx, (size_t)n, sizeof(gli_moments), "the moments of a field", &moments);
    if (status == GLIA_OK) status = gather_moments(&cursor, function, column, moments);
    if (status == GLIA_OK) status = gli_scalers_of(ctx, function, moments, n, &args, scalers);
    gli_free(ctx, moments, (size_t)n, sizeof(gli_moments));
    gli_cursor_destroy(&cursor);
    return status;
}

glia_status glia_scaler_fit_field(glia_dataset *dataset, const char *field, const glia_scaler_args *args,
                                  glia_scaler *scalers, int64_t n) {
    GLI_REQUIRE_OBJECT(dataset);
    GLI_TRY(gli_dataset_call_begin(dataset));
    return gli_dataset_call_end(dataset, fit_field(dataset, field, args, scalers, n));
}

/* ---- Scaling ---- */

static glia_status scale_samples(gli_cursor *cursor, const char *function, int column, const glia_scaler *scalers,
                                 float *to) {
    const gli_data_field *field = gli_column_field(cursor->dataset, column);
    for (int64_t i = 0; i < cursor->dataset->count; ++i, to += field->elements) {
        GLI_TRY(gli_cursor_read(cursor, i));
        for (int64_t k = 0; k < field->elements; ++k) {
            const double x = gli_load(field->delivered, cursor->to[column], k);
            const double y = (x - scalers[k].center) / scalers[k].scale;
            GLI_REQUIRE(cursor->dataset->ctx, fabs(y) <= FLT_MAX, GLIA_NOT_FINITE,
                        "%s: number %lld of '%s' is %g in sample %lld, and would become %g", function, (long long)k,
                        cursor->dataset->columns[column].name, x, (long long)i, y);
            to[k] = (float)y;
        }
    }
    return GLIA_OK;
}

/* A dataset of nothing but the scaled numbers, which lends its store to the view's column. */
static glia_status scaled_as_store(const glia_dataset *dataset, const char *function, int column,
                                   const glia_scaler *scalers, glia_dataset **out) {
    gli_cursor cursor;
    const glia_field scaled = {dataset->columns[column].name, GLIA_F32, gli_column_field(dataset, column)->shape};
    GLI_TRY(gli_dataset_new(dataset->ctx, function, dataset->count, 1, 0, out));
    gli_data_field *field = &gli_own_store(*out)->fields[0];
    glia_status status    = gli_dataset_describe(*out, function, 0, &scaled);
    if (status == GLIA_OK)
        status = gli_block_alloc(dataset->ctx, (size_t)(dataset->count * field->elements), sizeof(float),
                                 "scaled samples", &field->owned);
    if (status == GLIA_OK) status = open_column(dataset, column, &cursor);
    if (status != GLIA_OK) return glia_dataset_destroy(*out), status;
    field->data = field->owned.data;
    status      = scale_samples(&cursor, function, column, scalers, field->owned.data);
    gli_cursor_destroy(&cursor);
    if (status != GLIA_OK) glia_dataset_destroy(*out);
    return status;
}

static glia_status scale_field(const glia_dataset *dataset, const char *name, const glia_scaler *scalers, int64_t n,
                               glia_dataset **out) {
    const char *function = "glia_dataset_scale_field";
    int column           = 0;
    glia_dataset *scaled = NULL;
    GLI_REQUIRE(dataset->ctx, out, GLIA_INVALID_ARGUMENT, "%s: out is NULL", function);
    GLI_TRY(find_field(dataset, function, name, scalers, n, &column));
    GLI_TRY(gli_scalers_check(dataset->ctx, function, scalers, n));
    GLI_TRY(scaled_as_store(dataset, function, column, scalers, &scaled));
    const glia_status status = gli_dataset_replace_column(dataset, function, column, NULL, scaled, out);
    glia_dataset_destroy(scaled);
    return status;
}

glia_status glia_dataset_scale_field(glia_dataset *dataset, const char *field, const glia_scaler *scalers, int64_t n,
                                     glia_dataset **out) {
    GLI_REQUIRE_OBJECT(dataset);
    GLI_TRY(gli_dataset_call_begin(dataset));
    return gli_dataset_call_end(dataset, scale_field(dataset, field, scalers, n, out));
}
