/* Several pictures in one. */
#include <math.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "image/image.h"

/* How they lie. */
typedef struct layout {
    int64_t n, columns, rows, gap;
    int channels, bits;
    int64_t height, width; /* of each */
} layout;

static glia_status plan(gli_job *job, const glia_image *const *images, int64_t n, const glia_image_grid_args *args,
                        layout *out) {
    GLI_JOB_REQUIRE(job, images, GLIA_INVALID_ARGUMENT, "images is NULL");
    GLI_JOB_REQUIRE(job, n >= 1, GLIA_INVALID_ARGUMENT, "n is %lld, must be at least 1", (long long)n);
    GLI_JOB_REQUIRE(job, args->columns >= 0 && args->gap >= 0 && args->gap_grey >= 0 && args->gap_grey <= 1,
                    GLIA_INVALID_ARGUMENT,
                    "columns is %lld, gap %lld, gap_grey %g: must not be negative, and gap_grey 0 to 1",
                    (long long)args->columns, (long long)args->gap, args->gap_grey);
    *out = (layout){.n = n, .gap = args->gap, .columns = gli_min_i64(args->columns, n)};
    while (args->columns == 0 && gli_saturating_mul(out->columns, out->columns) < n) ++out->columns;
    out->rows = gli_divide_up(n, out->columns);
    for (int64_t i = 0; i < n; ++i) {
        GLI_JOB_REQUIRE(job, images[i], GLIA_INVALID_ARGUMENT, "images[%lld] is NULL", (long long)i);
        const gli_pixels *p = &images[i]->pixels;
        if (i == 0) out->height = p->height, out->width = p->width;
        GLI_JOB_REQUIRE(job, p->height == out->height && p->width == out->width, GLIA_SHAPE_MISMATCH,
                        "images[%lld] is %lld x %lld, images[0] is %lld x %lld", (long long)i, (long long)p->height,
                        (long long)p->width, (long long)out->height, (long long)out->width);
        out->channels = (int)gli_max_i64(out->channels, p->channels);
        out->bits     = (int)gli_max_i64(out->bits, p->bits);
    }
    /* Colour beside alpha needs both. */
    for (int64_t i = 0; i < n && out->channels == 3; ++i)
        if (images[i]->pixels.channels == 2) out->channels = 4;
    return GLIA_OK;
}

static void fill(gli_pixels *to, double grey) {
    const double full   = to->bits == 16 ? UINT16_MAX : UINT8_MAX;
    const uint16_t x    = (uint16_t)floor(grey * full + 0.5);
    const int n         = to->channels;
    const int64_t count = to->height * to->width * n;
    for (int64_t i = 0; i < count; ++i) {
        const bool alpha = (n == 2 || n == 4) && i % n == n - 1;
        if (to->bits == 16)
            ((uint16_t *)to->memory.data)[i] = alpha ? UINT16_MAX : x;
        else
            ((uint8_t *)to->memory.data)[i] = alpha ? UINT8_MAX : (uint8_t)x;
    }
}

static glia_status place(gli_job *job, const gli_pixels *from, const layout *l, int64_t i, gli_pixels *to) {
    gli_pixels copy;
    GLI_TRY(gli_pixels_orient(job, gli_whole(from), 1, &copy));
    const glia_status status = gli_pixels_convert(job, &copy, l->channels, l->bits);
    const int64_t top = i / l->columns * (l->height + l->gap), left = i % l->columns * (l->width + l->gap);
    for (int64_t y = 0; y < l->height && status == GLIA_OK; ++y)
        memcpy((char *)gli_pixels_row(to, top + y) + (size_t)left * gli_pixel_bytes(to), gli_pixels_row(&copy, y),
               gli_row_bytes(&copy));
    gli_pixels_free(job, &copy);
    return status;
}

static int64_t length(int64_t n, int64_t size, int64_t gap) {
    return gli_saturating_add(gli_saturating_mul(n, size), gli_saturating_mul(n - 1, gap));
}

static glia_status grid(gli_job *job, const glia_image *const *images, int64_t n, const glia_image_grid_args *args,
                        glia_image **out) {
    layout l = {0};
    gli_pixels all;
    GLI_JOB_REQUIRE(job, out, GLIA_INVALID_ARGUMENT, "out is NULL");
    GLI_TRY(plan(job, images, n, args, &l));
    const int64_t height = length(l.rows, l.height, l.gap), width = length(l.columns, l.width, l.gap);
    GLI_JOB_REQUIRE(job, height <= INT32_MAX && width <= INT32_MAX, GLIA_INVALID_ARGUMENT,
                    "%lld x %lld pictures of %lld x %lld with gaps of %lld are more than %d pixels long",
                    (long long)l.rows, (long long)l.columns, (long long)l.height, (long long)l.width, (long long)l.gap,
                    INT32_MAX);
    GLI_TRY(gli_pixels_alloc(job, height, width, l.channels, l.bits, &all));
    fill(&all, args->gap_grey);
    glia_status status = GLIA_OK;
    for (int64_t i = 0; i < n && status == GLIA_OK; ++i) status = place(job, &images[i]->pixels, &l, i, &all);
    if (status != GLIA_OK) return gli_pixels_free(job, &all), status;
    return gli_image_wrap(job, &all, &(glia_image_info){.orientation = 1}, out);
}

glia_status glia_image_grid(glia_context *ctx, const glia_image *const *images, int64_t n,
                            const glia_image_grid_args *args, glia_image **out) {
    const glia_image_grid_args none = {0};
    GLI_TRY(gli_enter(ctx));
    gli_job job              = {.ctx = ctx};
    const glia_status status = gli_job_explain(&job, __func__, grid(&job, images, n, args ? args : &none, out));
    gli_leave(ctx);
    return status;
}
