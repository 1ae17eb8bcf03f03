#include "cpu/native/conv/convolution_rows.h"

#include <string.h>

#include "core/size.h"
#include "cpu/native/linear/product.h"

static const float zeros[GLI_GEMM_BLOCK]; /* what the taps beside the image read */

/* ---- pixels ------------------------------------------------------------------------------------------------------ */

/* From the stride on, pixels belong to the phases of earlier ones. */
static int64_t phase_rows(const gli_convolution *c) { return gli_min_i64(c->stride[GLI_ROWS], c->y.rows); }
static int64_t phase_columns(const gli_convolution *c) { return gli_min_i64(c->stride[GLI_COLUMNS], c->y.columns); }

int64_t gli_convolution_phases(const gli_convolution *c) {
    return c->transposed ? phase_rows(c) * phase_columns(c) : 1;
}

gli_convolution_phase gli_convolution_phase_of(const gli_convolution *c, int64_t index) {
    const int64_t size[2]     = {c->y.rows, c->y.columns};
    gli_convolution_phase out = {.step = {1, 1}};
    if (c->transposed)
        out = (gli_convolution_phase){.first = {(int)(index / phase_columns(c)), (int)(index % phase_columns(c))},
                                      .step  = {c->stride[GLI_ROWS], c->stride[GLI_COLUMNS]}};
    for (int d = 0; d < 2; ++d) out.size[d] = gli_divide_up(size[d] - out.first[d], out.step[d]);
    return out;
}

/* An output pixel of the phase, counted over all images. */
typedef struct pixel {
    int64_t image, at[2];
} pixel;

static pixel pixel_of(const gli_convolution_phase *phase, int64_t index) {
    const int64_t columns = phase->size[GLI_COLUMNS], row = index / columns;
    return (pixel){row / phase->size[GLI_ROWS], {row % phase->size[GLI_ROWS], index % columns}};
}

static void next_pixel(const gli_convolution_phase *phase, pixel *p) {
    if (++p->at[GLI_COLUMNS] < phase->size[GLI_COLUMNS]) return;
    p->at[GLI_COLUMNS] = 0;
    if (++p->at[GLI_ROWS] < phase->size[GLI_ROWS]) return;
    p->at[GLI_ROWS] = 0;
    ++p->image;
}

/* For each row of a tile the pixel of x that a tap of reach 0 reads: where it is, and its offset. It may be beside the
 * image. */
typedef struct tile {
    int count;
    int64_t at[2][GLI_GEMM_MAX_ROWS], offset[GLI_GEMM_MAX_ROWS];
} tile;

static tile tile_of(const gli_convolution_rows *r, const gli_gemm_rows *rows) {
    const gli_convolution *c = r->c;
    const int64_t group      = rows->problem * gli_channels_in(c) * c->x.channel_stride;
    pixel p                  = pixel_of(&r->phase, rows->first);
    tile out                 = {.count = rows->count};
    for (int i = 0; i < rows->count; ++i, next_pixel(&r->phase, &p)) {
        for (int d = 0; d < 2; ++d) out.at[d][i] = c->transposed ? p.at[d] : p.at[d] * c->stride[d] - c->pad[d];
        out.offset[i] = group + p.image * c->x.image_stride + out.at[GLI_ROWS][i] * c->x.row_stride +
                        out.at[GLI_COLUMNS][i] * c->x.column_stride;
    }
    return out;
}

/* ---- by taps ----------------------------------------------------------------------------------------------------- */

/* A block is some taps, or some channels of one. */
static int64_t taps_of_block(const gli_convolution *c) {
    return gli_min_i64(GLI_GEMM_SEGMENTS, gli_max_i64(1, GLI_GEMM_BLOCK / gli_channels_in(c)));
}

static int64_t blocks_of_tap(const gli_convolution *c) { return gli_divide_up(gli_channels_in(c), GLI_GEMM_BLOCK); }

int64_t gli_convolution_tap_blocks(const gli_convolution *c) {
    return gli_divide_up(gli_taps(c), taps_of_block(c)) * blocks_of_tap(c);
}

/* How far the pixels that a tap reads are from those of reach 0; false: the phase does not meet the tap. */
static bool reach(const gli_convolution_rows *r, int d, int64_t tap, int64_t *out) {
    const gli_convolution *c = r->c;
    *out                     = tap * c->dilation[d];
    if (!c->transposed) return true;
    const int64_t distance = (int64_t)r->phase.first[d] + c->pad[d] - *out;
    *out                   = distance / c->stride[d];
    return distance % c->stride[d] == 0;
}

/* Sets the rows of a tap, from a channel on. False: all pixels are beside the image. */
static bool set_rows(const gli_convolution_rows *r, const tile *t, int64_t tap, int64_t channel,
                     gli_gemm_segment *out) {
    const gli_convolution_image *x = &r->c->x;
    const int64_t taps             = r->c->taps[GLI_COLUMNS];
    int64_t down, right;
    bool any = false;
    if (!reach(r, GLI_ROWS, tap / taps, &down) || !reach(r, GLI_COLUMNS, tap % taps, &right)) return false;
    const float *from = r->x + channel;
    const int64_t far = down * x->row_stride + right * x->column_stride;
    for (int i = 0; i < t->count; ++i) {
        const bool inside = (uint64_t)(t->at[GLI_ROWS][i] + down) < (uint64_t)x->rows &&
                            (uint64_t)(t->at[GLI_COLUMNS][i] + right) < (uint64_t)x->columns;
        out->row[i] = inside ? from + (t->offset[i] + far) : zeros;
        any |= inside;
    }
    for (int i = t->count; i < r->kernel->rows; ++i) out->row[i] = zeros;
    return any;
}

int gli_convolution_taps_under(const gli_convolution_rows *r, const gli_gemm_rows *rows, int64_t first, int64_t end,
                               int64_t channel, gli_gemm_segment *out) {
    const tile t = tile_of(r, rows);
    int count    = 0;
    for (int64_t tap = first; tap < end; ++tap) {
        out[count].first = tap;
        count += set_rows(r, &t, tap, channel, &out[count]);
    }
    return count;
}

int gli_convolution_tap_segments(const void *arg, const gli_gemm_rows *rows, int64_t block, gli_gemm_segment *out) {
    const gli_convolution_rows *r = arg;
    const int64_t channels = gli_channels_in(r->c), cut = blocks_of_tap(r->c), most = taps_of_block(r->c);
    const int64_t first = block / cut * most, end = gli_min_i64(first + most, gli_taps(r->c));
    const int64_t channel = block % cut * GLI_GEMM_BLOCK;
    const int count       = gli_convolution_taps_under(r, rows, first, end, channel, out);
    for (int i = 0; i < count; ++i) {
        out[i].first = out[i].first * channels + channel;
        out[i].count = gli_min_i64(GLI_GEMM_BLOCK, channels - channel);
    }
    return count;
}

/* ---- by rows of taps --------------------------------------------------------------------------------------------- */

static int64_t tap_rows(const gli_convolution *c) { return gli_channels_in(c) * c->taps[GLI_ROWS]; }

int64_t gli_convolution_plane_blocks(const gli_convolution *c) { return gli_divide_up(tap_rows(c), GLI_GEMM_SEGMENTS); }

int gli_convolution_plane_segments(const void *arg, const gli_gemm_rows *rows, int64_t block, gli_gemm_segment *out) {
    const gli_convolution_rows *r = arg;
    const gli_convolution *c      = r->c;
    const int64_t first           = block * GLI_GEMM_SEGMENTS;
    const int64_t end             = gli_min_i64(first + GLI_GEMM_SEGMENTS, tap_rows(c));
    const tile t                  = tile_of(r, rows);
    for (int64_t k = first; k < end; ++k, ++out) {
        const int64_t channel = k / c->taps[GLI_ROWS], tap = k % c->taps[GLI_ROWS];
        const float *from = r->x + channel * c->x.channel_stride + tap * c->dilation[GLI_ROWS] * c->x.row_stride;
        out->first        = k * c->taps[GLI_COLUMNS];
        out->count        = c->taps[GLI_COLUMNS];
        for (int i = 0; i < r->kernel->rows; ++i) out->row[i] = from + t.offset[gli_min_i64(i, t.count - 1)];
    }
    return (int)(end - first);
}

/* ---- the results ------------------------------------------------------------------------------------------------- */

static float *output_of(const gli_convolution_rows *r, const pixel *p, int64_t channel) {
    const gli_convolution_image *y     = &r->c->y;
    const gli_convolution_phase *phase = &r->phase;
    return r->y + p->image * y->image_stride + channel * y->channel_stride +
           (phase->first[GLI_ROWS] + p->at[GLI_ROWS] * phase->step[GLI_ROWS]) * y->row_stride +
           (phase->first[GLI_COLUMNS] + p->at[GLI_COLUMNS] * phase->step[GLI_COLUMNS]) * y->column_stride;
}

static void add_bias(const glia_tensor *bias, int64_t channel, int rows, int columns, float *sums, int pitch) {
    const float *from = (const float *)bias->data + channel * bias->stride[0];
    float row[GLI_GEMM_BLOCK];
    for (int j = 0; j < columns; ++j) row[j] = from[j * bias->stride[0]];
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < columns; ++j) sums[i * pitch + j] += row[j];
}

/* Where channels are apart in memory, pixels are likely to be neighbours: they go there together. */
void gli_convolution_store(const void *arg, const gli_gemm_rows *rows, int64_t column, int columns, float *sums,
                           int pitch) {
    const gli_convolution_rows *r = arg;
    const int64_t channel = rows->problem * gli_channels_out(r->c) + column, stride = r->c->y.channel_stride;
    pixel p = pixel_of(&r->phase, rows->first);
    float *y[GLI_GEMM_MAX_ROWS];
    if (r->bias) add_bias(r->bias, channel, rows->count, columns, sums, pitch);
    gli_activate(r->c->activation, sums, rows->count * pitch);
    for (int i = 0; i < rows->count; ++i, next_pixel(&r->phase, &p)) {
        y[i] = output_of(r, &p, channel);
        if (stride == 1) memcpy(y[i], sums + i * pitch, (size_t)columns * sizeof *sums);
    }
    for (int j = 0; stride != 1 && j < columns; ++j)
        for (int i = 0; i < rows->count; ++i) y[i][j * stride] = sums[i * pitch + j];
}
