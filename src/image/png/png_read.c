/* PNG, by libpng. */
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "image/png/png_memory.h"

typedef struct reading {
    gli_png_call call;
    const gli_image_request *request;
    gli_bytes file;
    size_t at;
    glia_image_info *info;
    gli_pixels *out;
    png_structp png;
    png_infop chunks;
    gli_block rows; /* a pointer to each */
} reading;

static void read_bytes(png_structp png, png_bytep to, size_t bytes) {
    reading *r = png_get_io_ptr(png);
    if (bytes > r->file.size - r->at) {
        r->at = r->file.size;
        png_error(png, "truncated");
    }
    memcpy(to, r->file.data + r->at, bytes);
    r->at += bytes;
}

/* libpng 1.6.39 takes as much memory for some chunks as their length says, before it reads them. Of those that are
 * about the picture only the orientation is wanted, which is found where it lies. */
static void ignore_chunks(png_structp png) { png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1); }

/* Numbers of 8 or 16 bits, and no palette. */
static void ask_for_pixels(reading *r) {
    const int depth = png_get_bit_depth(r->png, r->chunks), colour = png_get_color_type(r->png, r->chunks);
    const bool palette = colour == PNG_COLOR_TYPE_PALETTE, small = depth < 8; /* which only grey is besides */
    const bool indices = (palette || small) && r->request->args.indices;
    const uint16_t one = 1;
    if (indices)
        png_set_packing(r->png);
    else if (palette)
        png_set_palette_to_rgb(r->png);
    else if (small)
        png_set_expand_gray_1_2_4_to_8(r->png);
    if (!indices && png_get_valid(r->png, r->chunks, PNG_INFO_tRNS)) png_set_tRNS_to_alpha(r->png);
    if (depth == 16 && *(const uint8_t *)&one == 1) png_set_swap(r->png);
    png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->chunks);
    r->info->channels = png_get_channels(r->png, r->chunks);
    r->info->bits     = png_get_bit_depth(r->png, r->chunks);
}

/* Deflate stores at most 258 bytes in two bits. */
static int64_t most_pixels(const reading *r, int stored_bits) {
    enum { MAX_RATIO = 1032 };
    return gli_saturating_mul((int64_t)r->file.size, MAX_RATIO * 8) / stored_bits;
}

static glia_status read_header(reading *r) {
    png_set_read_fn(r->png, r, read_bytes);
    png_set_user_limits(r->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* ours come with a message */
    ignore_chunks(r->png);
    png_read_info(r->png, r->chunks);
    r->info->format      = GLIA_IMAGE_PNG;
    r->info->orientation = gli_png_orientation(r->file);
    r->info->height      = png_get_image_height(r->png, r->chunks);
    r->info->width       = png_get_image_width(r->png, r->chunks);
    const int bits       = png_get_bit_depth(r->png, r->chunks) * png_get_channels(r->png, r->chunks);
    GLI_TRY(gli_image_check(r->call.job, r->request, r->info, most_pixels(r, bits)));
    ask_for_pixels(r);
    return GLIA_OK;
}

static glia_status read_pixels(reading *r) {
    gli_job *job = r->call.job;
    GLI_TRY(gli_pixels_alloc(job, r->info->height, r->info->width, r->info->channels, r->info->bits, r->out));
    GLI_TRY(gli_job_alloc(job, (size_t)r->out->height, sizeof(png_bytep), "PNG", &r->rows));
    png_bytep *rows = r->rows.data;
    for (int64_t y = 0; y < r->out->height; ++y) rows[y] = gli_pixels_row(r->out, y);
    png_read_image(r->png, rows);
    png_read_end(r->png, r->chunks);
    return GLIA_OK;
}

/* Here libpng's errors return to: its call is nested in this one. What they may change is in *r. */
static glia_status read_all(reading *r) {
    gli_job *job = r->call.job;
    if (setjmp(r->call.failed)) {
        if (r->call.no_memory) return GLIA_OUT_OF_MEMORY; /* the message is there */
        return gli_job_fail(job, GLIA_BAD_FORMAT, "broken PNG at byte %zu of %zu: %s", r->at, r->file.size,
                            r->call.message);
    }
    r->png    = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &r->call, gli_png_error, gli_png_warning, &r->call,
                                         gli_png_allocate, gli_png_release);
    r->chunks = r->png ? png_create_info_struct(r->png) : NULL;
    if (!r->chunks && r->call.no_memory) return GLIA_OUT_OF_MEMORY;
    GLI_JOB_REQUIRE(job, r->chunks, GLIA_UNSUPPORTED, "libpng %s is not what Glia was built with, %s",
                    png_get_libpng_ver(NULL), PNG_LIBPNG_VER_STRING);
    GLI_TRY(read_header(r));
    if (!r->request->header_only) GLI_TRY(read_pixels(r));
    /* libpng may go on without what it has no memory for. */
    return r->call.no_memory ? GLIA_OUT_OF_MEMORY : GLIA_OK;
}

glia_status gli_png_read(gli_job *job, const gli_image_request *request, gli_bytes file, glia_image_info *info,
                         gli_pixels *out) {
    reading r                = {.call = {.job = job}, .request = request, .file = file, .info = info, .out = out};
    const glia_status status = read_all(&r);
    png_destroy_read_struct(&r.png, &r.chunks, NULL);
    gli_block_free(job->ctx, &r.rows);
    return status;
}
