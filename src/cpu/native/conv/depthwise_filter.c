/* The gradient of depthwise filters: for each tap and channel a sum over pixels. */
#include <string.h>

#include "core/parallel.h"
#include "core/size.h"
#include "cpu/native/call_floats.h"
#include "cpu/native/column_sum.h"
#include "cpu/native/conv/image_copies.h"
#include "cpu/native/conv/depthwise.h"
#include "cpu/native/vectorize.h"

enum { LANES = 32, MAX_SLICES = 16 };

/* A task is some images, whose sums are [tap][channel], and LANES channels. */
typedef struct work {
    const gli_convolution *c;
    const float *x, *dy;
    float *sums;
    int64_t slices, images, blocks;
} work;

static int64_t filters_of(const gli_convolution *c) { return gli_taps(c) * c->groups; }

static work work_of(const gli_convolution *c) {
    work w   = {.c = c, .blocks = gli_divide_up(c->groups, LANES)};
    w.images = gli_divide_up(c->images, MAX_SLICES);
    w.slices = gli_divide_up(c->images, w.images);
    return w;
}

/* sum += the products of `count` pixels, x_step and dy_step apart, for some channels. */
GLI_CLONES static void depthwise_products(const float *x, int64_t x_step, const float *dy, int64_t dy_step,
                                          int64_t count, int channels, float *sum) {
    if (channels == LANES) {
        float part[LANES];
        memcpy(part, sum, sizeof part);
        for (int64_t q = 0; q < count; ++q, x += x_step, dy += dy_step)
            for (int i = 0; i < LANES; ++i) part[i] += x[i] * dy[i];
        memcpy(sum, part, sizeof part);
        return;
    }
    for (int64_t q = 0; q < count; ++q, x += x_step, dy += dy_step)
        for (int i = 0; i < channels; ++i) sum[i] += x[i] * dy[i];
}

/* Output pixels first .. end - 1 of a row or column read x with this tap. */
static void range_under(const gli_convolution *c, int d, int64_t tap, int64_t *first, int64_t *end) {
    const int64_t inputs[2] = {c->x.rows, c->x.columns}, outputs[2] = {c->y.rows, c->y.columns};
    const int64_t start = tap * c->dilation[d] - c->pad[d]; /* what output 0 reads */
    *first              = start >= 0 ? 0 : gli_divide_up(-start, c->stride[d]);
    *end                = start >= inputs[d] ? 0 : gli_min_i64(outputs[d], (inputs[d] - 1 - start) / c->stride[d] + 1);
}

/* The sums of one tap: chains of floats, added in doubles. */
typedef struct tap_sums {
    double total[LANES];
    float chain[LANES];
    int64_t length; /* of the chain */
    int channels;
} tap_sums;

static void end_chain(tap_sums *s) {
    for (int i = 0; i < s->channels; ++i) s->total[i] += s->chain[i];
    memset(s->chain, 0, sizeof s->chain);
    s->length = 0;
}

static void add_pixels(const float *x, int64_t x_step, const float *dy, int64_t dy_step, int64_t count, tap_sums *s) {
    for (int64_t n; count > 0; count -= n, x += n * x_step, dy += n * dy_step) {
        n = gli_min_i64(count, GLI_LONGEST_CHAIN);
        if (s->length + n > GLI_LONGEST_CHAIN) end_chain(s);
        depthwise_products(x, x_step, dy, dy_step, n, s->channels, s->chain);
        s->length += n;
    }
}

static void sum_tap(const work *w, int64_t image, int64_t tap, int64_t channel, tap_sums *sum) {
    const gli_convolution *c = w->c;
    const int64_t r = tap / c->taps[GLI_COLUMNS], s = tap % c->taps[GLI_COLUMNS];
    int64_t first, end, left, right;
    range_under(c, GLI_ROWS, r, &first, &end);
    range_under(c, GLI_COLUMNS, s, &left, &right);
    if (left >= right) return;
    const int64_t column = left * c->stride[GLI_COLUMNS] - c->pad[GLI_COLUMNS] + s * c->dilation[GLI_COLUMNS];
    for (int64_t p = first; p < end; ++p) {
        const int64_t row = p * c->stride[GLI_ROWS] - c->pad[GLI_ROWS] + r * c->dilation[GLI_ROWS];
        const float *x =
            w->x + image * c->x.image_stride + row * c->x.row_stride + column * c->x.column_stride + channel;
        const float *dy = w->dy + image * c->y.image_stride + p * c->y.row_stride + left * c->y.column_stride + channel;
        add_pixels(x, c->stride[GLI_COLUMNS] * c->x.column_stride, dy, c->y.column_stride, right - left, sum);
    }
}

static void sum_tasks(void *arg, int64_t begin, int64_t end) {
    const work *w      = arg;
    const int64_t taps = gli_taps(w->c), all = w->c->groups;
    for (int64_t i = begin; i < end; ++i) {
        const int64_t slice = i / w->blocks, channel = i % w->blocks * LANES;
        const int channels = (int)gli_min_i64(LANES, all - channel);
        const int64_t last = gli_min_i64(w->c->images, (slice + 1) * w->images);
        for (int64_t tap = 0; tap < taps; ++tap) {
            float *to    = w->sums + (slice * taps + tap) * all + channel;
            tap_sums sum = {.channels = channels};
            for (int64_t image = slice * w->images; image < last; ++image) sum_tap(w, image, tap, channel, &sum);
            end_chain(&sum);
            for (int k = 0; k < channels; ++k) to[k] = (float)sum.total[k];
        }
    }
}

/* dw = the sums over the slices. */
static void add_slices(const work *w, const glia_tensor *dw) {
    const gli_convolution *c = w->c;
    const int64_t taps       = gli_taps(c);
    for (int64_t k = 0; k < c->groups; ++k)
        for (int64_t tap = 0; tap < taps; ++tap) {
            float sum = 0;
            for (int64_t slice = 0; slice < w->slices; ++slice) sum += w->sums[(slice * taps + tap) * c->groups + k];
            ((float *)dw->data)[k * dw->stride[0] + tap / c->taps[GLI_COLUMNS] * dw->stride[2] +
                                tap % c->taps[GLI_COLUMNS] * dw->stride[3]] = sum;
        }
}

/* ---- the call ---------------------------------------------------------------------------------------------------- */

static bool is_channels_last(const gli_convolution_image *image) {
    const gli_convolution_image wanted = gli_image_channels_last(image);
    return image->channel_stride == 1 && image->column_stride == wanted.column_stride &&
           image->row_stride == wanted.row_stride && image->image_stride == wanted.image_stride;
}

/* Elements of the copy that an image needs. */
static int64_t copy_of(const gli_convolution *c, const gli_convolution_image *image) {
    return is_channels_last(image) ? 0 : c->images * gli_image_channels_last(image).image_stride;
}

static gli_convolution convolution_of(const gli_call *call) {
    return gli_convolution_of(call->geom, call->in[GLI_CONV_FILTER_X], call->in[GLI_CONV_FILTER_DY],
                              call->out[GLI_CONV_FILTER_DW]);
}

static int64_t pixels_of(const gli_convolution *c) { return c->images * c->y.rows * c->y.columns; }

size_t gli_depthwise_filter_workspace(const gli_call *call) {
    const gli_convolution c = convolution_of(call);
    const int64_t sums      = work_of(&c).slices * filters_of(&c);
    return gli_column_sum_workspace(pixels_of(&c), c.groups) +
           (size_t)(copy_of(&c, &c.x) + copy_of(&c, &c.y) + sums) * sizeof(float);
}

/* The image in channels-last layout: itself, or the copy, which *memory then has behind it. */
static const float *channels_last(const gli_call *call, const gli_convolution *c, const float *from,
                                  gli_convolution_image *image, float **memory) {
    if (is_channels_last(image)) return from;
    const gli_convolution_image to = gli_image_channels_last(image);
    float *copied                  = *memory;
    gli_image_copy(call->ctx, c->images, image, from, &to, copied);
    *memory += copy_of(c, image);
    *image = to;
    return copied;
}

void gli_depthwise_filter(const gli_call *call, void *workspace) {
    const glia_tensor *dbias = call->out[GLI_CONV_FILTER_DBIAS];
    gli_convolution c        = convolution_of(call);
    work w                   = work_of(&c);
    float *memory            = (float *)((char *)workspace + gli_column_sum_workspace(pixels_of(&c), c.groups));
    w.x                      = channels_last(call, &c, gli_in_floats(call, GLI_CONV_FILTER_X), &c.x, &memory);
    w.dy                     = channels_last(call, &c, gli_in_floats(call, GLI_CONV_FILTER_DY), &c.y, &memory);
    w.sums                   = memory;
    gli_parallel(call->ctx, w.slices * w.blocks, 1, sum_tasks, &w);
    add_slices(&w, call->out[GLI_CONV_FILTER_DW]);
    const gli_column_matrix dy = {
        .data = w.dy, .rows = pixels_of(&c), .columns = c.groups, .row_stride = c.groups, .column_stride = 1};
    if (dbias) gli_column_sum(call->ctx, &dy, dbias->data, dbias->stride[0], workspace);
}
