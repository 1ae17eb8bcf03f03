/* BMP with 1, 4, 8, 24 or 32 bits for a pixel, not compressed, of all versions of its header.
 * Source: Microsoft, "Bitmap Storage", BITMAPFILEHEADER to BITMAPV5HEADER. */
#include <inttypes.h>
#include <stdlib.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "image/image.h"

enum { FILE_HEADER = 14, CORE_HEADER = 12, INFO_HEADER = 40, MASKS = 12, ALPHA_MASK = 16, COLOURS = 256 };

typedef struct bmp {
    gli_job *job;
    gli_bytes file;
    uint32_t header, compression;
    int bits;
    bool top_down;
    size_t pixels, row; /* where they begin, and the bytes of a row */
    unsigned colours;   /* of the palette; 0: none */
    uint8_t palette[COLOURS][3];
    int place[4]; /* of 32 bits: the bytes of red, green, blue, alpha; -1: none */
} bmp;

static uint32_t number(const bmp *b, size_t at, int bytes) {
    uint32_t x = 0;
    for (int i = bytes - 1; i >= 0; --i) x = x << 8 | b->file.data[at + (size_t)i];
    return x;
}

static glia_status need(const bmp *b, size_t bytes, const char *what) {
    GLI_JOB_REQUIRE(b->job, bytes <= b->file.size, GLIA_BAD_FORMAT, "truncated: has %zu bytes, %s ends at byte %zu",
                    b->file.size, what, bytes);
    return GLIA_OK;
}

/* ---- The header ---- */

static glia_status read_sizes(bmp *b, glia_image_info *info) {
    const size_t at = FILE_HEADER;
    if (b->header == CORE_HEADER) {
        info->width  = number(b, at + 4, 2);
        info->height = number(b, at + 6, 2);
        b->bits      = (int)number(b, at + 10, 2);
        return GLIA_OK;
    }
    const int64_t height = (int32_t)number(b, at + 8, 4);
    info->width          = (int32_t)number(b, at + 4, 4);
    info->height         = llabs(height);
    b->top_down          = height < 0;
    b->bits              = (int)number(b, at + 14, 2);
    b->compression       = number(b, at + 16, 4);
    b->colours           = number(b, at + 32, 4);
    return GLIA_OK;
}

/* The byte that a mask covers; -1: none, -2: it covers something else. */
static int byte_of(uint32_t mask) {
    for (int i = 0; i < 4; ++i)
        if (mask == UINT32_C(0xff) << 8 * i) return i;
    return mask == 0 ? -1 : -2;
}

/* The masks stand in the header or, of the oldest one, behind it. */
static glia_status read_masks(bmp *b) {
    const size_t at  = FILE_HEADER + INFO_HEADER;
    const bool alpha = b->header >= INFO_HEADER + ALPHA_MASK;
    GLI_TRY(need(b, at + (alpha ? ALPHA_MASK : MASKS), "its header"));
    for (int c = 0; c < (alpha ? 4 : 3); ++c) {
        const uint32_t mask = number(b, at + 4 * (size_t)c, 4);
        b->place[c]         = byte_of(mask);
        GLI_JOB_REQUIRE(b->job, b->place[c] >= (c == 3 ? -1 : 0), GLIA_UNSUPPORTED,
                        "is BMP whose channel %d has the bits %08" PRIx32 ": bytes are read", c, mask);
    }
    return GLIA_OK;
}

static glia_status read_header(bmp *b, glia_image_info *info) {
    enum { RGB = 0, BITFIELDS = 3 };
    GLI_TRY(need(b, FILE_HEADER + 4, "its header"));
    b->header = number(b, FILE_HEADER, 4);
    b->pixels = number(b, 10, 4);
    GLI_JOB_REQUIRE(b->job, b->header == CORE_HEADER || (b->header >= INFO_HEADER && b->header <= COLOURS),
                    GLIA_BAD_FORMAT, "its header has %lu bytes, must have 12, or 40 to 256", (unsigned long)b->header);
    GLI_TRY(need(b, FILE_HEADER + b->header, "its header"));
    GLI_TRY(read_sizes(b, info));
    const bool masks = b->compression == BITFIELDS && b->bits == 32;
    GLI_JOB_REQUIRE(b->job, b->compression == RGB || masks, GLIA_UNSUPPORTED,
                    "is BMP of %d bits with compression %lu: 0 is read, and 3 of 32 bits", b->bits,
                    (unsigned long)b->compression);
    GLI_JOB_REQUIRE(b->job, b->bits == 1 || b->bits == 4 || b->bits == 8 || b->bits == 24 || b->bits == 32,
                    GLIA_UNSUPPORTED, "is BMP of %d bits for a pixel: 1, 4, 8, 24 and 32 are read", b->bits);
    if (masks) GLI_TRY(read_masks(b));
    return GLIA_OK;
}

/* ---- The palette ---- */

static glia_status read_palette(bmp *b) {
    const size_t at = FILE_HEADER + b->header, size = b->header == CORE_HEADER ? 3 : 4;
    const unsigned most = 1u << b->bits;
    if (b->colours == 0) b->colours = most;
    GLI_JOB_REQUIRE(b->job, b->colours <= most, GLIA_BAD_FORMAT, "has a palette of %u colours, %d bits can name %u",
                    b->colours, b->bits, most);
    GLI_TRY(need(b, at + b->colours * size, "its palette"));
    for (unsigned i = 0; i < b->colours; ++i)
        for (size_t c = 0; c < 3; ++c) b->palette[i][c] = b->file.data[at + i * size + 2 - c];
    return GLIA_OK;
}

static bool palette_is_grey(const bmp *b) {
    for (unsigned i = 0; i < b->colours; ++i)
        if (b->palette[i][0] != b->palette[i][1] || b->palette[i][1] != b->palette[i][2]) return false;
    return true;
}

/* ---- Pixels ---- */

static glia_status read_indices(const bmp *b, const unsigned char *from, bool indices, int64_t y, gli_pixels *out) {
    uint8_t *to         = gli_pixels_row(out, y);
    const unsigned each = 8 / (unsigned)b->bits, mask = (1u << b->bits) - 1;
    for (int64_t x = 0; x < out->width; ++x) {
        const unsigned shift = (each - 1 - (unsigned)(x % each)) * (unsigned)b->bits;
        const unsigned i     = from[x / each] >> shift & mask;
        GLI_JOB_REQUIRE(b->job, i < b->colours, GLIA_BAD_FORMAT, "pixel [%lld,%lld] is colour %u of a palette of %u",
                        (long long)y, (long long)x, i, b->colours);
        for (int c = 0; c < out->channels; ++c) *to++ = indices ? (uint8_t)i : b->palette[i][c];
    }
    return GLIA_OK;
}

static void read_colours(const bmp *b, const unsigned char *from, int64_t y, gli_pixels *out) {
    uint8_t *to = gli_pixels_row(out, y);
    for (int64_t x = 0; x < out->width; ++x, from += b->bits / 8)
        for (int c = 0; c < out->channels; ++c) *to++ = from[b->place[c]];
}

static glia_status read_pixels(const bmp *b, bool indices, gli_pixels *out) {
    for (int64_t y = 0; y < out->height; ++y) {
        const size_t row          = (size_t)(b->top_down ? y : out->height - 1 - y);
        const unsigned char *from = b->file.data + b->pixels + row * b->row;
        if (b->bits <= 8)
            GLI_TRY(read_indices(b, from, indices, y, out));
        else
            read_colours(b, from, y, out);
    }
    return GLIA_OK;
}

glia_status gli_bmp_read(gli_job *job, const gli_image_request *request, gli_bytes file, glia_image_info *info,
                         gli_pixels *out) {
    bmp b = {.job = job, .file = file, .place = {2, 1, 0, -1}};
    GLI_TRY(read_header(&b, info));
    const bool indices = b.bits <= 8 && request->args.indices;
    info->format       = GLIA_IMAGE_BMP;
    info->bits         = 8;
    info->channels     = b.place[3] >= 0 ? 4 : 3;
    if (b.bits <= 8) {
        GLI_TRY(read_palette(&b));
        info->channels = indices || palette_is_grey(&b) ? 1 : 3;
    }
    GLI_TRY(gli_image_check(job, request, info, INT64_MAX));
    b.row = (size_t)gli_divide_up(gli_saturating_mul(info->width, b.bits), 32) * 4; /* rows end on four bytes */
    const size_t most = b.pixels < file.size ? (file.size - b.pixels) / b.row : 0;
    GLI_JOB_REQUIRE(job, (size_t)info->height <= most, GLIA_BAD_FORMAT,
                    "truncated: has %zu of %lld rows, from byte %zu on", most, (long long)info->height, b.pixels);
    if (request->header_only) return GLIA_OK;
    GLI_TRY(gli_pixels_alloc(job, info->height, info->width, info->channels, 8, out));
    return read_pixels(&b, indices, out);
}
