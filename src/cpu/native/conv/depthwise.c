#include "cpu/native/conv/depthwise.h"

#include <string.h>

#include "core/parallel.h"
#include "core/size.h"
#include "cpu/native/vectorize.h"

enum { LANES = 32, CHANNELS = GLI_GEMM_BLOCK }; /* channels whose sums are in registers; of a block */

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

static inline void load(lanes *to, const float *from) { memcpy(to, from, sizeof *to); }

void gli_depthwise_pack(const gli_convolution *c, const float *w, float *to) {
    for (int64_t i = 0; i < gli_channels_read(c); ++i)
        for (int64_t tap = 0; tap < gli_taps(c); ++tap)
            for (int64_t k = 0; k < c->groups; ++k)
                *to++ = w[k * c->group_stride + i * c->in_stride + tap * c->tap_stride];
}

typedef struct spreading {
    const gli_convolution *c;
    const gli_convolution_image *image;
    const float *from;
    float *x;
} spreading;

/* A pixel: `copies` of channel 0 of each group, then of channel 1 of each, and so on. */
GLI_INLINE void spread_pixel(const float *from, int64_t stride, int64_t in, int64_t groups, int64_t copies,
                             float *restrict x) {
    for (int64_t i = 0; i < in; ++i)
        for (int64_t g = 0; g < groups; ++g, x += copies)
            for (int64_t o = 0; o < copies; ++o) x[o] = from[(g * in + i) * stride];
}

/* Rows of pixels. */
static void spread_rows(void *arg, int64_t begin, int64_t end) {
    const spreading *s                 = arg;
    const gli_convolution_image *image = s->image, *x = &s->c->x;
    const int64_t in = gli_channels_in(s->c), groups = image->channels / in, copies = s->c->groups / groups;
    for (int64_t i = begin; i < end; ++i)
        for (int64_t column = 0; column < image->columns; ++column) {
            const float *from = s->from + i / image->rows * image->image_stride + i % image->rows * image->row_stride +
                                column * image->column_stride;
            float *to = s->x + i * x->row_stride + column * x->column_stride;
            spread_pixel(from, image->channel_stride, in, groups, copies, to);
        }
}

void gli_depthwise_spread(const glia_context *ctx, const gli_convolution *c, const gli_convolution_image *image,
                          const float *from, float *x) {
    enum { CHUNK_ELEMENTS = 1 << 15 };
    spreading s = {c, image, from, x};
    gli_parallel(ctx, c->images * image->rows, gli_max_i64(1, CHUNK_ELEMENTS / c->x.row_stride), spread_rows, &s);
}

/* Adds the taps of some channels of pixel `row` to its sums. w: [tap][pitch], from the first of these channels on. */
GLI_CLONES static void depthwise_pixel(const gli_gemm_segment *taps, int count, int row, const float *w, int64_t pitch,
                                       int64_t channels, float *sums) {
    int64_t c = 0;
    for (; c + LANES <= channels; c += LANES) {
        lanes sum, x, f;
        load(&sum, sums + c);
        for (int t = 0; t < count; ++t) {
            load(&x, taps[t].row[row] + c), load(&f, w + taps[t].first * pitch + c);
            sum += x * f;
        }
        memcpy(sums + c, &sum, sizeof sum);
    }
    for (int t = 0; t < count; ++t) {
        const float *x = taps[t].row[row], *f = w + taps[t].first * pitch;
        for (int64_t i = c; i < channels; ++i) sums[i] += x[i] * f[i];
    }
}

/* ---- groups side by side ----------------------------------------------------------------------------------------- */

/* Lane j has channel i of its group of `side` channels. */
#define LANES_OF(side, i, j) (j) / (side) * (side) + (i), ((j) + 1) / (side) * (side) + (i)
#define FOUR(side, i, j) LANES_OF(side, i, j), LANES_OF(side, i, (j) + 2)
#define SIXTEEN(side, i, j) FOUR(side, i, j), FOUR(side, i, (j) + 4), FOUR(side, i, (j) + 8), FOUR(side, i, (j) + 12)
#define OF_GROUP(x, side, i) __builtin_shufflevector(x, x, SIXTEEN(side, i, 0), SIXTEEN(side, i, 16))

/* Adds channel i of each group. */
#define ADD(side, i) (load(&f, w + (i) * next), *sum += OF_GROUP(*x, side, i) * f)

GLI_INLINE void add_group(int side, const lanes *x, const float *w, int64_t next, lanes *sum) {
    lanes f;
    if (side == 2) {
        ADD(2, 0), ADD(2, 1);
    } else if (side == 4) {
        ADD(4, 0), ADD(4, 1), ADD(4, 2), ADD(4, 3);
    } else {
        ADD(8, 0), ADD(8, 1), ADD(8, 2), ADD(8, 3), ADD(8, 4), ADD(8, 5), ADD(8, 6), ADD(8, 7);
    }
}

/* next: from a channel's filters to those of the next one of the group. */
GLI_INLINE void side_by_side(int side, const gli_gemm_segment *taps, int count, int row, const float *w, int64_t pitch,
                             int64_t next, int64_t channels, float *sums) {
    int64_t c = 0;
    for (; c + LANES <= channels; c += LANES) {
        lanes sum, x;
        load(&sum, sums + c);
        for (int t = 0; t < count; ++t) {
            load(&x, taps[t].row[row] + c);
            add_group(side, &x, w + taps[t].first * pitch + c, next, &sum);
        }
        memcpy(sums + c, &sum, sizeof sum);
    }
    for (; c < channels; ++c)
        for (int t = 0; t < count; ++t)
            for (int i = 0; i < side; ++i)
                sums[c] += taps[t].row[row][c / side * side + i] * w[i * next + taps[t].first * pitch + c];
}

GLI_CLONES static void side_by_side_pixel(int side, const gli_gemm_segment *taps, int count, int row, const float *w,
                                          int64_t pitch, int64_t next, int64_t channels, float *sums) {
    if (side == 2)
        side_by_side(2, taps, count, row, w, pitch, next, channels, sums);
    else if (side == 4)
        side_by_side(4, taps, count, row, w, pitch, next, channels, sums);
    else
        side_by_side(8, taps, count, row, w, pitch, next, channels, sums);
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

typedef struct work {
    const gli_convolution_rows *rows;
    const float *w;
    int64_t pixels;
} work;

/* Of the i-th channel of each group; of all of them where groups are side by side. */
static void add_taps(const work *w, const gli_gemm_rows *rows, int64_t i, int64_t first, int64_t channel,
                     int64_t channels, float *sums, int64_t pitch) {
    const gli_convolution *c = w->rows->c;
    const int64_t end = gli_min_i64(first + GLI_GEMM_SEGMENTS, gli_taps(c)), next = gli_taps(c) * c->groups;
    const float *filters = w->w + i * next + channel;
    gli_gemm_segment taps[GLI_GEMM_SEGMENTS];
    const int count = gli_convolution_taps_under(w->rows, rows, first, end, i * c->groups + channel, taps);
    for (int row = 0; row < rows->count; ++row)
        if (c->side)
            side_by_side_pixel(c->side, taps, count, row, filters, c->groups, next, channels, sums + row * pitch);
        else
            depthwise_pixel(taps, count, row, filters, c->groups, channels, sums + row * pitch);
}

static void run_channels(const work *w, const gli_gemm_rows *rows, int64_t channel) {
    const gli_convolution *c = w->rows->c;
    const int64_t channels = gli_min_i64(CHANNELS, c->groups - channel), pitch = gli_divide_up(channels, LANES) * LANES;
    float sums[GLI_GEMM_MAX_ROWS * CHANNELS];
    memset(sums, 0, (size_t)(rows->count * pitch) * sizeof *sums);
    for (int64_t i = 0; i < (c->side ? 1 : gli_channels_in(c)); ++i)
        for (int64_t tap = 0; tap < gli_taps(c); tap += GLI_GEMM_SEGMENTS)
            add_taps(w, rows, i, tap, channel, channels, sums, pitch);
    gli_convolution_store(w->rows, rows, channel, (int)channels, sums, (int)pitch);
}

/* Tiles of pixels. */
static void run_tiles(void *arg, int64_t begin, int64_t end) {
    const work *w    = arg;
    const int height = w->rows->kernel->rows;
    for (int64_t i = begin; i < end; ++i) {
        const gli_gemm_rows rows = {0, i * height, (int)gli_min_i64(height, w->pixels - i * height)};
        for (int64_t channel = 0; channel < w->rows->c->groups; channel += CHANNELS) run_channels(w, &rows, channel);
    }
}

void gli_depthwise_run(const glia_context *ctx, const gli_convolution_rows *rows, const float *packed) {
    enum { TASK_PRODUCTS = 1 << 18 };
    const gli_convolution *c = rows->c;
    work w                   = {rows, packed, c->images * rows->phase.size[GLI_ROWS] * rows->phase.size[GLI_COLUMNS]};
    const int64_t of_tile    = rows->kernel->rows * gli_depthwise_packed(c);
    gli_parallel(ctx, gli_divide_up(w.pixels, rows->kernel->rows), gli_max_i64(1, TASK_PRODUCTS / of_tile), run_tiles,
                 &w);
}
