/* Scalers of time series: fitting, transforming, and back. */
#include <float.h>
#include <math.h>

#include "core/dtype.h"
#include "data/scaler.h"
#include "data/series_check.h"

void gli_moments_update(gli_moments *m, double x) {
    if (m->count == 0) m->low = m->high = x;
    const long double delta = x - m->mean;
    m->mean += delta / (long double)++m->count;
    m->squares += delta * (x - m->mean);
    m->low  = fmin(m->low, x);
    m->high = fmax(m->high, x);
}

/* Equal values leave no rounding error: all deltas are 0, so the scale is exactly 0 and becomes 1. */
static glia_scaler scaler_of(const gli_moments *m, const glia_scaler_args *args) {
    glia_scaler s = {(double)m->mean, (double)sqrtl(m->squares / (long double)m->count)};
    if (args->kind == GLIA_SCALE_MIN_MAX) s.scale = (m->high - m->low) / (args->high - args->low);
    if (s.scale == 0) s.scale = 1;
    if (args->kind == GLIA_SCALE_MIN_MAX) s.center = m->low - args->low * s.scale;
    return s;
}

glia_status gli_scalers_of(glia_context *ctx, const char *function, const gli_moments *m, int64_t n,
                           const glia_scaler_args *args, glia_scaler *scalers) {
    for (int64_t k = 0; k < n; ++k) {
        const glia_scaler s = scaler_of(&m[k], args);
        GLI_REQUIRE(ctx, isfinite(s.center) && isfinite(s.scale), GLIA_NOT_FINITE,
                    "%s: feature %lld is from %g to %g, a range beyond that of double", function, (long long)k,
                    m[k].low, m[k].high);
    }
    for (int64_t k = 0; k < n; ++k) scalers[k] = scaler_of(&m[k], args);
    return GLIA_OK;
}

static glia_status fit_all(glia_context *ctx, const glia_series *series, const glia_scaler_args *args, gli_moments *m,
                           glia_scaler *scalers) {
    const int64_t features = series->features;
    for (int64_t i = 0; i < series->steps; ++i)
        for (int64_t k = 0; k < features; ++k) {
            const double x = gli_load(series->dtype, series->values, i * features + k);
            if (!isnan(x)) gli_moments_update(&m[k], x);
        }
    for (int64_t k = 0; k < features; ++k)
        GLI_REQUIRE(ctx, m[k].count > 0, GLIA_INVALID_ARGUMENT,
                    "glia_scaler_fit: feature %lld is NaN in all %lld steps", (long long)k, (long long)series->steps);
    return gli_scalers_of(ctx, "glia_scaler_fit", m, features, args, scalers);
}

glia_status gli_scaler_args(glia_context *ctx, const char *function, const glia_scaler_args *given,
                            glia_scaler_args *out) {
    *out = given ? *given : (glia_scaler_args){0};
    GLI_REQUIRE(ctx, out->kind == GLIA_SCALE_STANDARD || out->kind == GLIA_SCALE_MIN_MAX, GLIA_INVALID_ARGUMENT,
                "%s: invalid kind %d", function, (int)out->kind);
    const bool given_range = out->low != 0 || out->high != 0;
    GLI_REQUIRE(ctx, out->kind == GLIA_SCALE_MIN_MAX || !given_range, GLIA_INVALID_ARGUMENT,
                "%s: low is %g and high %g, which standard scaling does not have", function, out->low, out->high);
    if (!given_range) out->high = 1;
    GLI_REQUIRE(ctx, isfinite(out->low) && isfinite(out->high) && out->low < out->high, GLIA_INVALID_ARGUMENT,
                "%s: low is %g and high %g, must be finite, and low < high", function, out->low, out->high);
    return GLIA_OK;
}

static glia_status fit(glia_context *ctx, const glia_series *series, const glia_scaler_args *given,
                       glia_scaler *scalers) {
    glia_scaler_args args = {0};
    GLI_REQUIRE(ctx, scalers, GLIA_INVALID_ARGUMENT, "glia_scaler_fit: scalers is NULL");
    GLI_TRY(gli_scaler_args(ctx, "glia_scaler_fit", given, &args));
    GLI_TRY(gli_series_check(ctx, "glia_scaler_fit", series));
    GLI_REQUIRE(ctx, series->steps > 0, GLIA_INVALID_ARGUMENT, "glia_scaler_fit: the series has no steps");
    void *memory;
    GLI_TRY(gli_new(ctx, (size_t)series->features, sizeof(gli_moments), "the moments of a series", &memory));
    const glia_status status = fit_all(ctx, series, &args, memory, scalers);
    gli_free(ctx, memory, (size_t)series->features, sizeof(gli_moments));
    return status;
}

glia_status glia_scaler_fit(glia_context *ctx, const glia_series *series, const glia_scaler_args *args,
                            glia_scaler *scalers) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = fit(ctx, series, args, scalers);
    gli_leave(ctx);
    return status;
}

glia_status gli_scalers_check(glia_context *ctx, const char *function, const glia_scaler *scalers, int64_t n) {
    for (int64_t k = 0; k < n; ++k)
        GLI_REQUIRE(ctx, isfinite(scalers[k].center) && isfinite(scalers[k].scale) && scalers[k].scale != 0,
                    GLIA_INVALID_ARGUMENT,
                    "%s: scalers[%lld] has center %g and scale %g, must be finite, and the scale not 0", function,
                    (long long)k, scalers[k].center, scalers[k].scale);
    return GLIA_OK;
}

static glia_status check_scalers(glia_context *ctx, const char *function, const glia_series *series,
                                 const glia_scaler *scalers, const void *out) {
    GLI_TRY(gli_series_check(ctx, function, series));
    GLI_REQUIRE(ctx, scalers && out, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", function, scalers ? "out" : "scalers");
    GLI_REQUIRE(ctx, (uintptr_t)out % glia_dtype_size(series->dtype) == 0, GLIA_INVALID_ARGUMENT,
                "%s: out, %p, is not aligned to the %zu bytes of %s", function, out, glia_dtype_size(series->dtype),
                glia_dtype_name(series->dtype));
    const size_t bytes = (size_t)(series->steps * series->features) * glia_dtype_size(series->dtype);
    const char *from = series->values, *to = out;
    GLI_REQUIRE(ctx, bytes == 0 || from == to || to + bytes <= from || from + bytes <= to, GLIA_INVALID_ARGUMENT,
                "%s: out overlaps the values of the series without being the same memory", function);
    return gli_scalers_check(ctx, function, scalers, series->features);
}

static double scaled(const glia_scaler *s, bool inverse, double x) {
    return inverse ? x * s->scale + s->center : (x - s->center) / s->scale;
}

static glia_status check_scaled(glia_context *ctx, const char *function, const glia_series *series,
                                const glia_scaler *scalers, bool inverse) {
    const double largest = series->dtype == GLIA_F32 ? FLT_MAX : DBL_MAX;
    for (int64_t i = 0; i < series->steps * series->features; ++i) {
        const int64_t step = i / series->features, k = i % series->features;
        const double x = gli_load(series->dtype, series->values, i), y = scaled(&scalers[k], inverse, x);
        GLI_REQUIRE(ctx, isnan(x) || fabs(y) <= largest, GLIA_NOT_FINITE,
                    "%s: %g at step %lld, feature %lld becomes %g, which is out of range for %s", function, x,
                    (long long)step, (long long)k, y, glia_dtype_name(series->dtype));
    }
    return GLIA_OK;
}

/* Checks all first: out may be the series, of which an error must not leave a half scaled. */
static glia_status apply(glia_context *ctx, const char *function, const glia_series *series, const glia_scaler *scalers,
                         bool inverse, void *out) {
    GLI_TRY(check_scalers(ctx, function, series, scalers, out));
    GLI_TRY(check_scaled(ctx, function, series, scalers, inverse));
    for (int64_t i = 0; i < series->steps * series->features; ++i)
        gli_store(series->dtype, out, i,
                  scaled(&scalers[i % series->features], inverse, gli_load(series->dtype, series->values, i)));
    return GLIA_OK;
}

glia_status glia_scaler_transform(glia_context *ctx, const glia_series *series, const glia_scaler *scalers, void *out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = apply(ctx, "glia_scaler_transform", series, scalers, false, out);
    gli_leave(ctx);
    return status;
}

glia_status glia_scaler_inverse(glia_context *ctx, const glia_series *series, const glia_scaler *scalers, void *out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = apply(ctx, "glia_scaler_inverse", series, scalers, true, out);
    gli_leave(ctx);
    return status;
}
