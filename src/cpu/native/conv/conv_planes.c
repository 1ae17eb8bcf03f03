#include "cpu/native/conv/conv_planes.h"

#include <string.h>

#include "core/size.h"
#include "cpu/native/isa.h"
#include "cpu/native/vectorize.h"

enum { LINE = 64 /* bytes */, STORED = 16 /* elements */ };

#define KERNELS "cpu/native/conv/conv_planes.inc"
#include "cpu/native/isa_kernels.inc"

static const gli_conv_kernel *const kernels[] = ISA_TABLE(conv_kernel);

const gli_conv_kernel *gli_conv_kernel_here(void) { return kernels[gli_isa_here()]; }

/* The pixels of a plane up to the last one of y, rounded up to whole vectors. */
int64_t gli_conv_planes_pitch(const gli_conv_planes *conv) {
    const int64_t lanes = conv->kernel->lanes;
    return gli_divide_up((conv->rows - 1) * conv->x_columns + conv->columns, lanes) * lanes;
}

/* Elements that a tile of filters has in `packed`. */
static int64_t packed_tile(const gli_conv_planes *conv) { return (conv->taps.count + 1) * conv->kernel->filters; }

int64_t gli_conv_planes_packed(const gli_conv_planes *conv) {
    return gli_divide_up(conv->filters, conv->kernel->filters) * packed_tile(conv);
}

int64_t gli_conv_planes_sums(const gli_conv_planes *conv) {
    return gli_conv_planes_pitch(conv) * conv->kernel->filters;
}

void gli_conv_planes_pack(const gli_conv_planes *conv, const float *w, const float *bias) {
    const int64_t width = conv->kernel->filters, taps = conv->taps.count;
    memset(conv->packed, 0, (size_t)gli_conv_planes_packed(conv) * sizeof *w);
    for (int64_t f = 0; f < conv->filters; ++f) {
        float *to = conv->packed + f / width * packed_tile(conv) + f % width;
        if (bias) *to = bias[f];
        for (int64_t k = 0; k < taps; ++k) to[(k + 1) * width] = w[f * taps + k];
    }
}

gli_plane_sums gli_conv_planes_run(const gli_conv_planes *conv, int64_t first, const float *x, gli_fetch *fetch) {
    const gli_conv_kernel *kernel = conv->kernel;
    const float *w                = conv->packed + first / kernel->filters * packed_tile(conv);
    const int64_t pitch = gli_conv_planes_pitch(conv), whole = kernel->vectors * kernel->lanes;
    const size_t bytes = (size_t)conv->taps.count * LINE;
    for (int64_t pixel = 0, width; pixel < pitch; pixel += width) {
        const int64_t line = fetch->bytes >= bytes ? LINE : 0;
        const char *next   = line ? fetch->data : (const char *)w;
        width              = pitch - pixel < whole ? kernel->lanes : whole;
        kernel->tile[width == whole](&conv->taps, x + pixel, w, conv->sums + pixel, pitch, next, line);
        if (line) *fetch = (gli_fetch){fetch->data + bytes, fetch->bytes - bytes};
    }
    return (gli_plane_sums){conv->sums, gli_conv_planes_sums(conv), pitch, conv->x_columns};
}

/* Elements written past the end of a row are overwritten by the next row. */
void gli_conv_planes_store(const gli_conv_planes *conv, int64_t first, const gli_plane_sums *sums, float *y) {
    const int64_t count = gli_min_i64(conv->kernel->filters, conv->filters - first);
    for (int64_t f = 0; f < count; ++f)
        for (int64_t row = 0; row < conv->rows; ++row) {
            const float *from = sums->data + f * sums->filter + row * sums->row;
            float *to         = y + ((first + f) * conv->rows + row) * conv->columns;
            for (int64_t j = 0; j < conv->columns; j += STORED) memcpy(to + j, from + j, STORED * sizeof *to);
        }
}
