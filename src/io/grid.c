/* Images beside and below each other, in one picture. */
#include <math.h>

#include "core/context_impl.h"
#include "core/dtype.h"
#include "core/size.h"
#include "glia/inside.h"

/* What is wrong with the args; NULL: nothing. */
static const char *mistake(const glia_grid_args *a) {
    if (a->dtype != GLIA_F32 && a->dtype != GLIA_F64) return "dtype must be f32 or f64";
    if (a->count < 1 || a->height < 1 || a->width < 1) return "count, height and width must be positive";
    if (a->columns < 0 || a->gap < 0) return "columns and gap must not be negative";
    if (!(a->gap_value >= 0 && a->gap_value <= 1)) return "gap_value must be 0 to 1";
    if (!(isfinite(a->low) && isfinite(a->high) && a->low <= a->high)) return "low must not be above high";
    return NULL;
}

static int64_t columns_of(const glia_grid_args *a) {
    if (a->columns > 0) return gli_min_i64(a->columns, a->count);
    int64_t root = (int64_t)sqrt((double)a->count); /* off by one at most */
    while (gli_saturating_mul(root, root) < a->count) ++root;
    return root;
}

/* Of n images with gaps. INT64_MAX: too long. */
static int64_t length(int64_t n, int64_t size, int64_t gap) {
    return gli_saturating_add(gli_saturating_mul(n, size), gli_saturating_mul(n - 1, gap));
}

static glia_shape shape_of(const glia_grid_args *a) {
    const int64_t columns = columns_of(a), rows = gli_divide_up(a->count, columns);
    return GLIA_SHAPE(length(rows, a->height, a->gap), length(columns, a->width, a->gap));
}

glia_shape glia_grid_shape(const glia_grid_args *args) {
    return args && !mistake(args) ? shape_of(args) : GLIA_SHAPE(0, 0);
}

/* The numbers that become 0 and 1. */
typedef struct scale {
    double low, high;
} scale;

static scale range_of(const glia_grid_args *a, const void *images, int64_t first, int64_t count) {
    scale s = {INFINITY, -INFINITY};
    if (a->low != 0 || a->high != 0) return (scale){a->low, a->high};
    for (int64_t i = first; i < first + count; ++i) {
        const double x = gli_load(a->dtype, images, i);
        if (!isfinite(x)) continue;
        s.low  = fmin(s.low, x);
        s.high = fmax(s.high, x);
    }
    return s;
}

/* Halves, because the range of f64 is beyond f64. */
static float scaled(scale s, double x) {
    if (!(x > s.low) || !(s.high > s.low)) return 0;
    return x >= s.high ? 1 : (float)((x / 2 - s.low / 2) / (s.high / 2 - s.low / 2));
}

static void draw(const glia_grid_args *a, const void *images, float *out) {
    const glia_shape shape = shape_of(a);
    const int64_t columns = columns_of(a), pixels = a->height * a->width;
    const scale all = range_of(a, images, 0, a->each ? 0 : a->count * pixels);
    for (int64_t i = 0; i < shape.dim[0] * shape.dim[1]; ++i) out[i] = (float)a->gap_value;
    for (int64_t n = 0; n < a->count; ++n) {
        const scale s     = a->each ? range_of(a, images, n * pixels, pixels) : all;
        const int64_t top = n / columns * (a->height + a->gap), left = n % columns * (a->width + a->gap);
        for (int64_t i = 0; i < pixels; ++i)
            out[(top + i / a->width) * shape.dim[1] + left + i % a->width] =
                scaled(s, gli_load(a->dtype, images, n * pixels + i));
    }
}

/* Fails unless there are bytes for elements of this size. */
static glia_status check_bytes(glia_context *ctx, const char *what, const void *data, size_t bytes, int64_t count,
                               size_t size) {
    size_t needed = 0;
    GLI_REQUIRE(ctx, data, GLIA_INVALID_ARGUMENT, "glia_grid: %s is NULL", what);
    GLI_REQUIRE(ctx, gli_mul_size((size_t)count, size, &needed) && bytes == needed, GLIA_SHAPE_MISMATCH,
                "glia_grid: %s has %zu bytes, must have %lld times %zu", what, bytes, (long long)count, size);
    return GLIA_OK;
}

static glia_status grid(glia_context *ctx, const glia_grid_args *a, const void *images, size_t images_bytes, float *out,
                        size_t bytes) {
    GLI_REQUIRE(ctx, a, GLIA_INVALID_ARGUMENT, "glia_grid: args is NULL");
    const char *wrong = mistake(a);
    GLI_REQUIRE(ctx, !wrong, GLIA_INVALID_ARGUMENT,
                "glia_grid: %lld images of %lld x %lld, dtype %d, %lld columns, gap %lld of %g, low %g, high %g: %s",
                (long long)a->count, (long long)a->height, (long long)a->width, (int)a->dtype, (long long)a->columns,
                (long long)a->gap, a->gap_value, a->low, a->high, wrong);
    const glia_shape shape = shape_of(a);
    const int64_t pixels   = gli_saturating_mul(a->count, gli_saturating_mul(a->height, a->width));
    GLI_TRY(check_bytes(ctx, "images", images, images_bytes, pixels, glia_dtype_size(a->dtype)));
    GLI_TRY(check_bytes(ctx, "out", out, bytes, gli_saturating_mul(shape.dim[0], shape.dim[1]), sizeof *out));
    draw(a, images, out);
    return GLIA_OK;
}

glia_status glia_grid(glia_context *ctx, const glia_grid_args *args, const void *images, size_t images_bytes,
                      float *out, size_t bytes) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = grid(ctx, args, images, images_bytes, out, bytes);
    gli_leave(ctx);
    return status;
}
