#include "cpu/native/conv/conv_planes.h"

#include <string.h>

#include "core/size.h"
#include "cpu/native/isa.h"
#include "cpu/native/vectorize.h"

enum { WHOLE = 3, LINE = 64 /* bytes */, STORED = 16 /* elements */ };

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f")))
#define LANES 16
#define FILTERS 8
#define ADD_PRODUCT(sum, vector, scalar) _mm512_fmadd_ps(vector, _mm512_set1_ps(scalar), sum)
#define TILE conv_tile_avx512_x1
#define VECTORS 1
#include "cpu/native/conv/conv_planes.inc"
#define TILE conv_tile_avx512_x3
#define VECTORS WHOLE
#include "cpu/native/conv/conv_planes.inc"
#undef TARGET
#undef LANES
#undef FILTERS
#undef ADD_PRODUCT

#define TARGET __attribute__((target("avx2,fma")))
#define LANES 8
#define FILTERS 4
#define ADD_PRODUCT(sum, vector, scalar) _mm256_fmadd_ps(vector, _mm256_set1_ps(scalar), sum)
#define TILE conv_tile_avx2_x1
#define VECTORS 1
#include "cpu/native/conv/conv_planes.inc"
#define TILE conv_tile_avx2_x3
#define VECTORS WHOLE
#include "cpu/native/conv/conv_planes.inc"
#undef TARGET
#undef LANES
#undef FILTERS
#undef ADD_PRODUCT
#endif

/* Vectors of 16 bytes, which every processor of today has, and 16 of them. */
#define TARGET
#define LANES 4
#define FILTERS 4
#if defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#define ADD_PRODUCT(sum, vector, scalar) vfmaq_n_f32(sum, vector, scalar)
#else
#define ADD_PRODUCT(sum, vector, scalar) ((sum) + (vector) * (scalar))
#endif
#define TILE conv_tile_portable_x1
#define VECTORS 1
#include "cpu/native/conv/conv_planes.inc"
#define TILE conv_tile_portable_x3
#define VECTORS WHOLE
#include "cpu/native/conv/conv_planes.inc"

static const gli_conv_kernel kernels[] = {
    [GLI_ISA_PORTABLE] = {4, 4, WHOLE, {conv_tile_portable_x1, conv_tile_portable_x3}},
#if defined(__x86_64__)
    [GLI_ISA_AVX2]   = {8, 4, WHOLE, {conv_tile_avx2_x1, conv_tile_avx2_x3}},
    [GLI_ISA_AVX512] = {16, 8, WHOLE, {conv_tile_avx512_x1, conv_tile_avx512_x3}},
#endif
};

const gli_conv_kernel *gli_conv_kernel_here(void) { return &kernels[gli_isa_here()]; }

/* The pixels up to the last one that is y's, in vectors. */
int64_t gli_conv_planes_pitch(const gli_conv_planes *conv) {
    const int64_t lanes = conv->kernel->lanes;
    return gli_divide_up((conv->rows - 1) * conv->x_columns + conv->columns, lanes) * lanes;
}

/* Of one tile of filters. */
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

/* What is written behind a row, the next one overwrites. */
void gli_conv_planes_store(const gli_conv_planes *conv, int64_t first, const gli_plane_sums *sums, float *y) {
    const int64_t count = gli_min_i64(conv->kernel->filters, conv->filters - first);
    for (int64_t f = 0; f < count; ++f)
        for (int64_t row = 0; row < conv->rows; ++row) {
            const float *from = sums->data + f * sums->filter + row * sums->row;
            float *to         = y + ((first + f) * conv->rows + row) * conv->columns;
            for (int64_t j = 0; j < conv->columns; j += STORED) memcpy(to + j, from + j, STORED * sizeof *to);
        }
}
