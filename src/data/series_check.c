/* Checks of a time series. */
#include "data/series_check.h"

#include <math.h>

#include "core/dtype.h"
#include "core/size.h"

static glia_status check_values(glia_context *ctx, const char *function, const glia_series *series) {
    for (int64_t i = 0; i < series->steps * series->features; ++i) {
        const double x = gli_load(series->dtype, series->values, i);
        GLI_REQUIRE(ctx, isfinite(x) || (isnan(x) && series->allow_nan), GLIA_NOT_FINITE,
                    "%s: the series has %g at step %lld, feature %lld%s", function, x,
                    (long long)(i / series->features), (long long)(i % series->features),
                    isnan(x) ? "; allow_nan is not set" : "");
    }
    return GLIA_OK;
}

glia_status gli_series_check(glia_context *ctx, const char *function, const glia_series *series) {
    int64_t elements, bytes;
    GLI_REQUIRE(ctx, series, GLIA_INVALID_ARGUMENT, "%s: series is NULL", function);
    GLI_REQUIRE(ctx, series->dtype == GLIA_F32 || series->dtype == GLIA_F64, GLIA_INVALID_ARGUMENT,
                "%s: the series is %s, must be f32 or f64", function, glia_dtype_name(series->dtype));
    GLI_REQUIRE(ctx, series->steps >= 0 && series->features >= 1, GLIA_INVALID_ARGUMENT,
                "%s: the series has %lld steps of %lld features, must have 0 or more of at least 1", function,
                (long long)series->steps, (long long)series->features);
    const size_t size = glia_dtype_size(series->dtype);
    GLI_REQUIRE(ctx,
                gli_mul_i64(series->steps, series->features, &elements) && gli_mul_i64(elements, (int64_t)size, &bytes),
                GLIA_INVALID_ARGUMENT, "%s: %lld steps of %lld features do not fit in memory", function,
                (long long)series->steps, (long long)series->features);
    GLI_REQUIRE(ctx, series->values || elements == 0, GLIA_INVALID_ARGUMENT, "%s: the values of the series are NULL",
                function);
    GLI_REQUIRE(ctx, (uintptr_t)series->values % size == 0, GLIA_INVALID_ARGUMENT,
                "%s: the values of the series, %p, are not aligned to the %zu bytes of %s", function, series->values,
                size, glia_dtype_name(series->dtype));
    return check_values(ctx, function, series);
}
