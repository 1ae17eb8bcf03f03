/* Datasets whose samples are overlapping windows of one array. */
#include <math.h>
#include <string.h>

#include "core/dtype.h"
#include "core/size.h"
#include "data/dataset.h"
#include "data/series_check.h"

/* Windows of `size` elements in `length` elements, which are at least as many. */
static int64_t count_windows(int64_t length, int64_t size, int64_t stride) { return (length - size) / stride + 1; }

/* The samples of field i begin `stride` elements after one another in data. */
static glia_status add_field(glia_dataset *dataset, const char *function, int i, const glia_field *description,
                             const void *data, int64_t stride) {
    GLI_TRY(gli_dataset_describe(dataset, function, i, description));
    gli_own_store(dataset)->fields[i].data   = data;
    gli_own_store(dataset)->fields[i].stride = stride;
    return GLIA_OK;
}

typedef struct windows {
    glia_windows_args args; /* with the defaults filled in */
    int64_t offset;         /* from a window's first step to that of its target */
    int64_t size;           /* steps of both and the gap */
} windows;

static glia_status check_targets(glia_context *ctx, const char *function, const glia_series *series,
                                 const glia_windows_args *args) {
    GLI_REQUIRE(ctx, args->targets ? args->n_targets > 0 : args->n_targets == 0, GLIA_INVALID_ARGUMENT,
                "%s: targets is %s, n_targets is %lld", function, args->targets ? "given" : "NULL",
                (long long)args->n_targets);
    for (int64_t i = 0; i < args->n_targets; ++i)
        GLI_REQUIRE(ctx, args->targets[i] >= 0 && args->targets[i] < series->features, GLIA_INVALID_ARGUMENT,
                    "%s: targets[%lld] is %lld, the series has %lld features", function, (long long)i,
                    (long long)args->targets[i], (long long)series->features);
    return GLIA_OK;
}

static glia_status read_args(glia_context *ctx, const char *function, const glia_series *series,
                             const glia_windows_args *given, windows *out) {
    windows w = {.args = *given};
    GLI_REQUIRE(
        ctx, given->window >= 1 && given->horizon >= 0 && given->gap >= 0 && given->stride >= 0, GLIA_INVALID_ARGUMENT,
        "%s: window is %lld, must be at least 1; horizon %lld, gap %lld and stride %lld must not be negative", function,
        (long long)given->window, (long long)given->horizon, (long long)given->gap, (long long)given->stride);
    if (given->horizon == 0) w.args.horizon = 1;
    if (given->stride == 0) w.args.stride = 1;
    GLI_TRY(check_targets(ctx, function, series, given));
    GLI_REQUIRE(ctx,
                !__builtin_add_overflow(given->window, given->gap, &w.offset) &&
                    !__builtin_add_overflow(w.offset, w.args.horizon, &w.size) && w.size <= series->steps,
                GLIA_INVALID_ARGUMENT,
                "%s: the series has %lld steps, too few for a window of %lld, a gap of %lld and a horizon of %lld",
                function, (long long)series->steps, (long long)given->window, (long long)given->gap,
                (long long)w.args.horizon);
    *out = w;
    return GLIA_OK;
}

/* The series in f32: a copy, unless the caller's memory can be used. */
static glia_status take_values(glia_context *ctx, const glia_series *series, bool copy, gli_block *owned,
                               const float **out) {
    const int64_t elements = series->steps * series->features;
    *out                   = series->values;
    if (!copy && series->dtype == GLIA_F32) return GLIA_OK;
    GLI_TRY(gli_block_alloc(ctx, (size_t)elements, sizeof(float), "a dataset's copy", owned));
    float *to = owned->data;
    for (int64_t i = 0; i < elements; ++i) {
        const double x = gli_load(series->dtype, series->values, i);
        to[i]          = (float)x;
        GLI_REQUIRE(ctx, !isinf(to[i]), GLIA_NOT_FINITE,
                    "glia_dataset_from_series: the series has %g at step %lld, feature %lld, out of range for f32", x,
                    (long long)(i / series->features), (long long)(i % series->features));
    }
    *out = to;
    return GLIA_OK;
}

/* The target features of all steps from the first target's on. */
static glia_status take_columns(glia_context *ctx, const glia_series *series, const float *values, const windows *w,
                                gli_block *owned) {
    const int64_t steps = series->steps - w->offset, n = w->args.n_targets;
    GLI_TRY(gli_block_alloc(ctx, (size_t)steps, (size_t)n * sizeof(float), "the targets of a series", owned));
    float *to = owned->data;
    for (int64_t i = w->offset; i < series->steps; ++i)
        for (int64_t k = 0; k < n; ++k) *to++ = values[i * series->features + w->args.targets[k]];
    return GLIA_OK;
}

static glia_status fill(glia_dataset *dataset, const char *function, const glia_series *series, const windows *w) {
    const int64_t features = series->features, n = w->args.targets ? w->args.n_targets : features;
    gli_data_field *window = &gli_own_store(dataset)->fields[0], *target = &gli_own_store(dataset)->fields[1];
    const float *values = NULL;
    GLI_TRY(take_values(dataset->ctx, series, w->args.copy, &window->owned, &values));
    const float *targets = values + w->offset * features;
    if (w->args.targets) {
        GLI_TRY(take_columns(dataset->ctx, series, values, w, &target->owned));
        targets = target->owned.data;
    }
    const glia_field input = {"window", GLIA_F32, GLIA_SHAPE(w->args.window, features)};
    glia_field output      = {"horizon", GLIA_F32, GLIA_SHAPE(w->args.horizon, n)};
    GLI_TRY(add_field(dataset, function, 0, &input, values, gli_saturating_mul(w->args.stride, features)));
    GLI_TRY(add_field(dataset, function, 1, &output, targets, gli_saturating_mul(w->args.stride, n)));
    if (!w->args.keep_steps) target->shape = GLIA_SHAPE(target->elements);
    return GLIA_OK;
}

static glia_status from_series(glia_context *ctx, const glia_series *series, const glia_windows_args *args,
                               glia_dataset **out) {
    const char *function = "glia_dataset_from_series";
    windows w            = {0};
    GLI_REQUIRE(ctx, args && out, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", function, args ? "out" : "args");
    GLI_TRY(gli_series_check(ctx, function, series));
    GLI_TRY(read_args(ctx, function, series, args, &w));
    glia_dataset *dataset;
    const int64_t count = count_windows(series->steps, w.size, w.args.stride);
    GLI_TRY(gli_dataset_new(ctx, function, count, 1, 1, &dataset));
    const glia_status status = fill(dataset, function, series, &w);
    if (status == GLIA_OK)
        *out = dataset;
    else
        glia_dataset_destroy(dataset);
    return status;
}

glia_status glia_dataset_from_series(glia_context *ctx, const glia_series *series, const glia_windows_args *args,
                                     glia_dataset **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = from_series(ctx, series, args, out);
    gli_leave(ctx);
    return status;
}

static glia_status fill_tokens(glia_dataset *dataset, const char *function, glia_dtype dtype, const void *tokens,
                               size_t bytes, const glia_token_windows_args *args) {
    const char *data = tokens;
    if (args->copy) {
        GLI_TRY(gli_block_alloc(dataset->ctx, bytes, 1, "a dataset's copy", &gli_own_store(dataset)->fields[0].owned));
        data = memcpy(gli_own_store(dataset)->fields[0].owned.data, tokens, bytes);
    }
    const size_t next  = (size_t)(args->last ? args->length : 1) * glia_dtype_size(dtype);
    const glia_field x = {"tokens", dtype, GLIA_SHAPE(args->length)};
    const glia_field y = {"next", dtype, args->last ? GLIA_SCALAR : GLIA_SHAPE(args->length)};
    GLI_TRY(add_field(dataset, function, 0, &x, data, args->stride));
    return add_field(dataset, function, 1, &y, data + next, args->stride);
}

static glia_status check_tokens(glia_context *ctx, const char *function, glia_dtype dtype, const void *tokens,
                                int64_t count, const glia_token_windows_args *args) {
    int64_t bytes;
    GLI_REQUIRE(ctx, dtype == GLIA_I32 || dtype == GLIA_I64, GLIA_INVALID_ARGUMENT,
                "%s: dtype is %s, must be i32 or i64", function, glia_dtype_name(dtype));
    const size_t size = glia_dtype_size(dtype);
    GLI_REQUIRE(ctx, count >= 0 && gli_mul_i64(count, (int64_t)size, &bytes) && tokens, GLIA_INVALID_ARGUMENT,
                "%s: %lld tokens%s", function, (long long)count, tokens ? "" : " that are NULL");
    GLI_REQUIRE(ctx, (uintptr_t)tokens % size == 0, GLIA_INVALID_ARGUMENT,
                "%s: tokens, %p, is not aligned to the %zu bytes of %s", function, tokens, size,
                glia_dtype_name(dtype));
    GLI_REQUIRE(ctx, args->length >= 1 && args->stride >= 0, GLIA_INVALID_ARGUMENT,
                "%s: length is %lld, must be at least 1; stride is %lld, must not be negative", function,
                (long long)args->length, (long long)args->stride);
    GLI_REQUIRE(ctx, args->length < count, GLIA_INVALID_ARGUMENT,
                "%s: %lld tokens are too few for samples of %lld and the one that follows", function, (long long)count,
                (long long)args->length);
    return GLIA_OK;
}

static glia_status from_tokens(glia_context *ctx, glia_dtype dtype, const void *tokens, int64_t count,
                               const glia_token_windows_args *given, glia_dataset **out) {
    const char *function = "glia_dataset_from_tokens";
    GLI_REQUIRE(ctx, given && out, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", function, given ? "out" : "args");
    GLI_TRY(check_tokens(ctx, function, dtype, tokens, count, given));
    glia_token_windows_args args = *given;
    if (args.stride == 0) args.stride = args.length;
    glia_dataset *dataset;
    GLI_TRY(gli_dataset_new(ctx, function, count_windows(count, args.length + 1, args.stride), 1, 1, &dataset));
    const glia_status status =
        fill_tokens(dataset, function, dtype, tokens, (size_t)count * glia_dtype_size(dtype), &args);
    if (status == GLIA_OK)
        *out = dataset;
    else
        glia_dataset_destroy(dataset);
    return status;
}

glia_status glia_dataset_from_tokens(glia_context *ctx, glia_dtype dtype, const void *tokens, int64_t count,
                                     const glia_token_windows_args *args, glia_dataset **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = from_tokens(ctx, dtype, tokens, count, args, out);
    gli_leave(ctx);
    return status;
}
