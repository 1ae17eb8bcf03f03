/* PNG, by libpng. */
#include "core/context_impl.h"
#include "image/image_write.h"
#include "image/png/png_memory.h"

typedef struct writing {
    gli_png_call call;
    const gli_pixels *pixels;
    gli_output *out;
    glia_status status; /* of the output */
    png_structp png;
    png_infop chunks;
} writing;

static void write_bytes(png_structp png, png_bytep from, size_t bytes) {
    writing *w = png_get_io_ptr(png);
    w->status  = gli_output_write(w->out, from, bytes);
    if (w->status != GLIA_OK) png_error(png, "writing failed");
}

static void flush(png_structp png) { (void)png; }

static void write_pixels(const writing *w) {
    static const int colour[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                 PNG_COLOR_TYPE_RGB_ALPHA};
    const gli_pixels *p       = w->pixels;
    const uint16_t one        = 1;
    png_set_IHDR(w->png, w->chunks, (png_uint_32)p->width, (png_uint_32)p->height, p->bits, colour[p->channels - 1],
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(w->png, w->chunks);
    if (p->bits == 16 && *(const uint8_t *)&one == 1) png_set_swap(w->png);
    for (int64_t y = 0; y < p->height; ++y) png_write_row(w->png, gli_pixels_row(p, y));
    png_write_end(w->png, w->chunks);
}

/* Here libpng's errors return to: its call is nested in this one. What they may change is in *w. */
static glia_status write_all(writing *w) {
    gli_job *job = w->call.job;
    if (setjmp(w->call.failed)) {
        if (w->status != GLIA_OK) return w->status; /* the context has the message */
        if (w->call.no_memory) return GLIA_OUT_OF_MEMORY;
        return gli_job_fail(job, GLIA_IO_ERROR, "libpng: %s", w->call.message);
    }
    w->png    = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &w->call, gli_png_error, gli_png_warning, &w->call,
                                          gli_png_allocate, gli_png_release);
    w->chunks = w->png ? png_create_info_struct(w->png) : NULL;
    if (!w->chunks && w->call.no_memory) return GLIA_OUT_OF_MEMORY;
    GLI_JOB_REQUIRE(job, w->chunks, GLIA_UNSUPPORTED, "libpng %s is not what Glia was built with, %s",
                    png_get_libpng_ver(NULL), PNG_LIBPNG_VER_STRING);
    png_set_write_fn(w->png, w, write_bytes, flush);
    png_set_user_limits(w->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    write_pixels(w);
    return GLIA_OK;
}

glia_status gli_png_write(gli_job *job, const gli_pixels *pixels, gli_output *out) {
    writing w = {.call = {.job = job}, .pixels = pixels, .out = out};
    GLI_JOB_REQUIRE(job, pixels->width <= PNG_UINT_31_MAX && pixels->height <= PNG_UINT_31_MAX, GLIA_INVALID_ARGUMENT,
                    "PNG has no pictures of %lld x %lld", (long long)pixels->height, (long long)pixels->width);
    const glia_status status = write_all(&w);
    png_destroy_write_struct(&w.png, &w.chunks);
    return status;
}
