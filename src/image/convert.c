/* Another number of channels or bits. */
#include "core/context_impl.h"
#include "image/image.h"

/* Weights of ITU-R BT.601 in 16 bits, with which Pillow makes grey of colour, too. */
static uint32_t luma(uint32_t r, uint32_t g, uint32_t b) {
    return (uint32_t)(((uint64_t)19595 * r + (uint64_t)38470 * g + (uint64_t)7471 * b + 0x8000) >> 16);
}

/* x / 257 rounded: source of the form, which has no division, is the manual of libpng, png_set_scale_16. */
static uint8_t to_8(uint32_t x) { return (uint8_t)((x * 255 + 32895) >> 16); }

typedef struct pixel {
    uint32_t colour[3], alpha; /* of grey three times the same */
} pixel;

static pixel load(const gli_pixels *from, size_t i) {
    const int n   = from->channels;
    uint32_t v[4] = {0};
    for (int c = 0; c < n; ++c)
        v[c] = from->bits == 16 ? ((const uint16_t *)from->memory.data)[i * (size_t)n + (size_t)c]
                                : ((const uint8_t *)from->memory.data)[i * (size_t)n + (size_t)c];
    const uint32_t opaque = from->bits == 16 ? UINT16_MAX : UINT8_MAX;
    if (n <= 2) return (pixel){{v[0], v[0], v[0]}, n == 2 ? v[1] : opaque};
    return (pixel){{v[0], v[1], v[2]}, n == 4 ? v[3] : opaque};
}

static void store(gli_pixels *to, size_t i, const pixel *p, int from_bits, bool from_grey) {
    const int n   = to->channels;
    uint32_t v[4] = {p->colour[0], p->colour[1], p->colour[2], p->alpha};
    if (n <= 2) v[0] = from_grey ? p->colour[0] : luma(p->colour[0], p->colour[1], p->colour[2]);
    if (n == 2) v[1] = p->alpha;
    for (int c = 0; c < n; ++c) {
        const uint32_t x = v[c];
        if (to->bits == 16)
            ((uint16_t *)to->memory.data)[i * (size_t)n + (size_t)c] = (uint16_t)(from_bits == 16 ? x : 257 * x);
        else
            ((uint8_t *)to->memory.data)[i * (size_t)n + (size_t)c] = from_bits == 16 ? to_8(x) : (uint8_t)x;
    }
}

glia_status gli_pixels_convert(gli_job *job, gli_pixels *pixels, int channels, int bits) {
    gli_pixels made;
    if (channels == 0) channels = pixels->channels;
    if (bits == 0) bits = pixels->bits;
    if (channels == pixels->channels && bits == pixels->bits) return GLIA_OK;
    GLI_TRY(gli_pixels_alloc(job, pixels->height, pixels->width, channels, bits, &made));
    const size_t count = (size_t)pixels->height * (size_t)pixels->width;
    for (size_t i = 0; i < count; ++i) {
        const pixel p = load(pixels, i);
        store(&made, i, &p, pixels->bits, pixels->channels <= 2);
    }
    gli_pixels_free(job, pixels);
    *pixels = made;
    return GLIA_OK;
}
