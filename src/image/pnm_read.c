/* PGM and PPM, plain (P2, P3) and raw (P5, P6).
 * Source: https://netpbm.sourceforge.net/doc/pgm.html and ppm.html. */
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "image/image.h"

typedef struct pnm {
    gli_job *job;
    gli_bytes file;
    size_t at;    /* bytes read */
    uint32_t max; /* of a value */
    bool as_they_are;
} pnm;

static bool is_space(unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* White space, and comments from # to the end of the line. */
static void skip_space(pnm *p) {
    while (p->at < p->file.size) {
        if (p->file.data[p->at] == '#')
            while (p->at < p->file.size && p->file.data[p->at] != '\n' && p->file.data[p->at] != '\r') ++p->at;
        else if (!is_space(p->file.data[p->at]))
            return;
        else
            ++p->at;
    }
}

static glia_status read_number(pnm *p, const char *what, uint32_t *out) {
    enum { LARGEST = INT32_MAX };
    skip_space(p);
    const size_t start = p->at;
    uint64_t number    = 0;
    for (; p->at < p->file.size && p->file.data[p->at] >= '0' && p->file.data[p->at] <= '9' && number <= LARGEST;
         ++p->at)
        number = 10 * number + (uint64_t)(p->file.data[p->at] - '0');
    GLI_JOB_REQUIRE(p->job, start < p->file.size, GLIA_BAD_FORMAT, "truncated: ends at byte %zu, where %s is missing",
                    start, what);
    GLI_JOB_REQUIRE(p->job, p->at > start, GLIA_BAD_FORMAT, "byte %zu is %d, must be a digit of %s", start,
                    p->file.data[start], what);
    GLI_JOB_REQUIRE(p->job, number <= LARGEST, GLIA_BAD_FORMAT, "%s at byte %zu is above %d", what, start, LARGEST);
    *out = (uint32_t)number;
    return GLIA_OK;
}

static glia_status read_header(pnm *p, int *channels, glia_image_info *info) {
    enum { MOST = 65535 };
    uint32_t width, height;
    const bool colour = p->file.data[1] == '3' || p->file.data[1] == '6';
    p->at             = 2;
    GLI_TRY(read_number(p, "the width", &width));
    GLI_TRY(read_number(p, "the height", &height));
    GLI_TRY(read_number(p, "the largest value", &p->max));
    GLI_JOB_REQUIRE(p->job, p->max >= 1 && p->max <= MOST, GLIA_BAD_FORMAT, "its largest value is %lu, must be 1 to %d",
                    (unsigned long)p->max, MOST);
    GLI_JOB_REQUIRE(p->job, p->at < p->file.size && is_space(p->file.data[p->at]), GLIA_BAD_FORMAT,
                    "byte %zu must be white space, behind the largest value", p->at);
    ++p->at;
    *channels      = colour ? 3 : 1;
    info->format   = GLIA_IMAGE_PNM;
    info->height   = height;
    info->width    = width;
    info->channels = *channels;
    info->bits     = p->max > UINT8_MAX ? 16 : 8;
    return GLIA_OK;
}

/* The share of the largest value, of that of the bits, unless they stay as they are. */
static void store(const pnm *p, gli_pixels *out, size_t i, uint32_t value) {
    const uint32_t full = out->bits == 16 ? UINT16_MAX : UINT8_MAX;
    const uint32_t x =
        p->max == full || p->as_they_are ? value : (uint32_t)(((uint64_t)value * full + p->max / 2) / p->max);
    if (out->bits == 16)
        ((uint16_t *)out->memory.data)[i] = (uint16_t)x;
    else
        ((uint8_t *)out->memory.data)[i] = (uint8_t)x;
}

static glia_status fail_value(const pnm *p, const gli_pixels *out, size_t i, uint32_t value) {
    const size_t pixel = i / (size_t)out->channels;
    return gli_job_fail(p->job, GLIA_BAD_FORMAT, "channel %zu of pixel [%zu,%zu] is %lu, the largest value is %lu",
                        i % (size_t)out->channels, pixel / (size_t)out->width, pixel % (size_t)out->width,
                        (unsigned long)value, (unsigned long)p->max);
}

static glia_status read_values(pnm *p, gli_pixels *out, bool plain) {
    const size_t values = out->memory.bytes / (size_t)(out->bits / 8), bytes = p->max > UINT8_MAX ? 2 : 1;
    if (!plain && bytes == 1 && p->max == UINT8_MAX) {
        memcpy(out->memory.data, p->file.data + p->at, values);
        return GLIA_OK;
    }
    for (size_t i = 0; i < values; ++i) {
        uint32_t value;
        if (plain) {
            GLI_TRY(read_number(p, "a value", &value));
        } else {
            value = p->file.data[p->at];
            if (bytes == 2) value = value << 8 | p->file.data[p->at + 1];
            p->at += bytes;
        }
        if (value > p->max) return fail_value(p, out, i, value);
        store(p, out, i, value);
    }
    return GLIA_OK;
}

glia_status gli_pnm_read(gli_job *job, const gli_image_request *request, gli_bytes file, glia_image_info *info,
                         gli_pixels *out) {
    pnm p            = {.job = job, .file = file, .as_they_are = request->args.indices};
    const bool plain = file.data[1] < '4';
    int channels     = 0;
    GLI_TRY(read_header(&p, &channels, info));
    /* A plain value has a digit, and a space unless it is the last. */
    const size_t left = file.size - p.at, values = plain ? left / 2 + 1 : left / (p.max > UINT8_MAX ? 2 : 1);
    GLI_TRY(gli_image_check(job, request, info, (int64_t)(values / (size_t)channels)));
    if (request->header_only) return GLIA_OK;
    GLI_TRY(gli_pixels_alloc(job, info->height, info->width, channels, info->bits, out));
    return read_values(&p, out, plain);
}
