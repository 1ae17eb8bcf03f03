/* JPEG, by libjpeg-turbo or another libjpeg. */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
/* These need stdio.h, and each the one before it. */
#include <jpeglib.h>
#include <jerror.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "image/image.h"

enum { EXIF = JPEG_APP0 + 1, MAX_SCANS = 200, CMYK = 4 };

typedef struct reading {
    struct jpeg_error_mgr errors; /* libjpeg's pointer to it is one to the struct */
    gli_job *job;
    const gli_image_request *request;
    gli_bytes file;
    glia_image_info *info;
    gli_pixels *out;
    struct jpeg_decompress_struct jpeg;
    struct jpeg_progress_mgr progress;
    gli_block row; /* of CMYK */
    jmp_buf failed;
    glia_status status; /* of what failed */
} reading;

/* ---- What libjpeg calls ---- */

static size_t position(const reading *r) {
    const struct jpeg_source_mgr *source = r->jpeg.src;
    const size_t left                    = source ? source->bytes_in_buffer : 0;
    return left <= r->file.size ? r->file.size - left : r->file.size;
}

static void fail(reading *r, glia_status status, const char *what) {
    r->status = gli_job_fail(r->job, status, "%s at byte %zu of %zu: %s",
                             status == GLIA_BAD_FORMAT ? "broken JPEG" : "JPEG that is not read", position(r),
                             r->file.size, what);
    longjmp(r->failed, 1);
}

static glia_status status_of(int code) {
    switch (code) {
        case JERR_OUT_OF_MEMORY: return GLIA_OUT_OF_MEMORY;
        case JERR_BAD_PRECISION:
        case JERR_SOF_UNSUPPORTED:
        case JERR_CONVERSION_NOTIMPL:
        case JERR_NOT_COMPILED:
        case JERR_FRACT_SAMPLE_NOTIMPL:
        case JERR_CCIR601_NOTIMPL: return GLIA_UNSUPPORTED;
        default: return GLIA_BAD_FORMAT;
    }
}

static void end_with_error(j_common_ptr jpeg) {
    char text[JMSG_LENGTH_MAX];
    reading *r = (reading *)jpeg->err;
    jpeg->err->format_message(jpeg, text);
    if (status_of(jpeg->err->msg_code) == GLIA_OUT_OF_MEMORY) {
        r->status = gli_job_fail(r->job, GLIA_OUT_OF_MEMORY, "out of memory: libjpeg has none for a picture of %u x %u",
                                 r->jpeg.image_height, r->jpeg.image_width);
        longjmp(r->failed, 1);
    }
    fail(r, status_of(jpeg->err->msg_code), text);
}

/* libjpeg warns, and goes on with pixels that the file does not have. What is harmless is common, such as bytes between
 * two markers. */
static void hear_message(j_common_ptr jpeg, int level) {
    char text[JMSG_LENGTH_MAX];
    reading *r = (reading *)jpeg->err;
    if (level >= 0) return;
    switch (jpeg->err->msg_code) {
        case JWRN_ADOBE_XFORM:
        case JWRN_EXTRANEOUS_DATA:
        case JWRN_JFIF_MAJOR:
        case JWRN_NOT_SEQUENTIAL: return;
        case JWRN_JPEG_EOF: fail(r, GLIA_BAD_FORMAT, "truncated"); return;
        default: jpeg->err->format_message(jpeg, text); fail(r, GLIA_BAD_FORMAT, text);
    }
}

static void say_nothing(j_common_ptr jpeg) { (void)jpeg; }

/* A few kilobytes can hold scans of a large picture without an end. */
static void count_scans(j_common_ptr jpeg) {
    reading *r = (reading *)jpeg->err;
    char text[64];
    if (r->jpeg.input_scan_number <= MAX_SCANS) return;
    snprintf(text, sizeof text, "more than %d scans", MAX_SCANS);
    fail(r, GLIA_BAD_FORMAT, text);
}

/* ---- Reading ---- */

/* Looks at a marker of EXIF where it lies: libjpeg would keep a copy of each of any number of them. */
static boolean read_exif(j_decompress_ptr jpeg) {
    static const unsigned char start[] = {'E', 'x', 'i', 'f', 0, 0};
    reading *r                         = (reading *)jpeg->err;
    struct jpeg_source_mgr *source     = jpeg->src;
    const unsigned char *from          = source->next_input_byte;
    const size_t left = source->bytes_in_buffer, bytes = left < 2 ? 0 : (size_t)from[0] << 8 | from[1];
    if (bytes < 2 || bytes > left)
        fail(r, GLIA_BAD_FORMAT, left < 2 || bytes > left ? "truncated" : "a marker of no bytes");
    if (bytes > 2 + sizeof start && memcmp(from + 2, start, sizeof start) == 0 && r->info->orientation == 1)
        r->info->orientation = gli_exif_orientation((gli_bytes){from + 2 + sizeof start, bytes - 2 - sizeof start});
    source->next_input_byte += bytes;
    source->bytes_in_buffer -= bytes;
    return TRUE;
}

/* Each block of 64 pixels has a Huffman code, of at least one bit. Arithmetic codes have fractions of bits. */
static int64_t most_pixels(const reading *r) {
    return r->jpeg.arith_code ? INT64_MAX : gli_saturating_mul((int64_t)r->file.size, 64 * 8);
}

static glia_status read_header(reading *r) {
    jpeg_mem_src(&r->jpeg, (unsigned char *)r->file.data, (unsigned long)r->file.size);
    jpeg_set_marker_processor(&r->jpeg, EXIF, read_exif);
    jpeg_read_header(&r->jpeg, TRUE);
    r->info->format         = GLIA_IMAGE_JPEG;
    r->info->height         = r->jpeg.image_height;
    r->info->width          = r->jpeg.image_width;
    r->info->bits           = 8;
    r->info->channels       = r->jpeg.num_components == 1 ? 1 : 3;
    const int n             = r->jpeg.num_components;
    r->jpeg.out_color_space = n == 1 ? JCS_GRAYSCALE : n == CMYK ? JCS_CMYK : JCS_RGB;
    GLI_JOB_REQUIRE(r->job, n == 1 || n == 3 || n == CMYK, GLIA_UNSUPPORTED,
                    "is JPEG of %d channels: 1, 3 and 4 are read", n);
    return gli_image_check(r->job, r->request, r->info, most_pixels(r));
}

/* Stored the other way round, as Adobe's programs do: 255 - C. */
static void convert_cmyk(const unsigned char *from, int64_t n, unsigned char *to) {
    for (; n > 0; --n, from += CMYK)
        for (int c = 0; c < 3; ++c) {
            const unsigned product = from[c] * (unsigned)from[3] + 128;
            *to++                  = (unsigned char)(((product >> 8) + product) >> 8);
        }
}

static glia_status read_pixels(reading *r) {
    GLI_TRY(gli_pixels_alloc(r->job, r->info->height, r->info->width, r->info->channels, 8, r->out));
    const bool cmyk = r->jpeg.num_components == CMYK;
    if (cmyk) GLI_TRY(gli_job_alloc(r->job, (size_t)r->info->width, CMYK, "a row of CMYK", &r->row));
    r->progress.progress_monitor = count_scans;
    r->jpeg.progress             = &r->progress;
    jpeg_start_decompress(&r->jpeg);
    while (r->jpeg.output_scanline < r->jpeg.output_height) {
        unsigned char *to = gli_pixels_row(r->out, r->jpeg.output_scanline);
        JSAMPROW row      = cmyk ? r->row.data : to;
        jpeg_read_scanlines(&r->jpeg, &row, 1);
        if (cmyk) convert_cmyk(row, r->out->width, to);
    }
    jpeg_finish_decompress(&r->jpeg); /* looks for the end of the picture */
    return GLIA_OK;
}

/* Here libjpeg's errors return to: its call is nested in this one. What they may change is in *r. */
static glia_status read_all(reading *r) {
    if (setjmp(r->failed)) return r->status;
    jpeg_create_decompress(&r->jpeg);
    GLI_TRY(read_header(r));
    return r->request->header_only ? GLIA_OK : read_pixels(r);
}

glia_status gli_jpeg_read(gli_job *job, const gli_image_request *request, gli_bytes file, glia_image_info *info,
                          gli_pixels *out) {
    reading r                = {.job = job, .request = request, .file = file, .info = info, .out = out};
    r.jpeg.err               = jpeg_std_error(&r.errors);
    r.errors.error_exit      = end_with_error;
    r.errors.emit_message    = hear_message;
    r.errors.output_message  = say_nothing;
    const glia_status status = read_all(&r);
    if (r.jpeg.mem) jpeg_destroy_decompress(&r.jpeg);
    gli_block_free(job->ctx, &r.row);
    return status;
}
