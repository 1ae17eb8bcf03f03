/* Mean pooling of f32, ordinary and adaptive: loops over channels (channels last), or over the elements of a window
 * (row-major). Backward a chunk is some channels of one sample, or a plane, which one thread adds up alone. */
#include <math.h>
#include <string.h>

#include "core/parallel.h"
#include "core/size.h"
#include "cpu/native/finite.h"
#include "cpu/native/images.h"
#include "cpu/native/pool/mean_pool2d.h"
#include "cpu/native/vectorize.h"
#include "ops/pool/pool_geom.h"

enum { LANES = 16, CHUNK_CHANNELS = 64, CHUNK_ELEMENTS = 16384 }; /* of a vector; summed at once; of x or dx */

/* One axis of a window: elements first .. end - 1 of x, and how many the divisor counts. */
typedef struct range {
    int64_t first, end, counted;
} range;

enum { SLICES, ROWS, COLUMNS };
typedef range range_of(const gli_pool_geom *g, int axis, int output);

static range ordinary(const gli_pool_geom *g, int axis, int output) {
    const int64_t first = (int64_t)output * g->stride[axis] - g->pad[axis];
    const int64_t end = first + g->window[axis], padded = (int64_t)g->in[axis] + g->pad_end[axis];
    range out   = {.first = gli_max_i64(0, first), .end = gli_min_i64(end, g->in[axis])};
    out.counted = g->count_include_pad ? gli_min_i64(end, padded) - first : out.end - out.first;
    return out;
}

static range adaptive(const gli_pool_geom *g, int axis, int output) {
    const int outputs = g->out[axis], inputs = g->in[axis];
    range out   = {.first = gli_adaptive_first(output, outputs, inputs),
                   .end   = gli_adaptive_last(output, outputs, inputs)};
    out.counted = out.end - out.first;
    return out;
}

typedef struct work {
    const gli_pool_geom *g;
    range_of *range_of;
    const float *from; /* x, or dy */
    float *to;         /* y, or dx */
    int64_t blocks;    /* of channels, backward */
} work;

static float divisor(const range *rows, const range *columns) {
    return (float)((double)rows->counted * (double)columns->counted);
}

/* ---- forward ----------------------------------------------------------------------------------------------------- */

GLI_CLONES static void mean_add(float *restrict to, const float *from, int64_t count) {
    for (int64_t i = 0; i < count; ++i) to[i] += from[i];
}

GLI_CLONES static void mean_divide(float *to, float by, int64_t count) {
    for (int64_t i = 0; i < count; ++i) to[i] /= by;
}

GLI_CLONES static float mean_sum(const float *from, int64_t count) {
    typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));
    lanes sums = {0}, v;
    float sum  = 0;
    int64_t i  = 0;
    for (; i + LANES <= count; i += LANES) memcpy(&v, from + i, sizeof v), sums += v;
    for (; i < count; ++i) sum += from[i];
    for (int k = 0; k < LANES; ++k) sum += sums[k];
    return sum;
}

static double sum_of_row(const float *from, int64_t count) {
    enum { RUN = LANES * GLI_LONGEST_CHAIN };
    double sum = 0;
    if (count < LANES)
        for (int64_t i = 0; i < count; ++i) sum += from[i];
    else
        for (int64_t i = 0; i < count; i += RUN) sum += mean_sum(from + i, gli_min_i64(RUN, count - i));
    return sum;
}

/* One output's sums of so many channels, channels last. x: the first of them, of the sample. */
static void sum_channels(const work *w, const range *rows, const range *columns, const float *x, int64_t channels,
                         float *y) {
    const gli_pool_geom *g = w->g;
    memset(y, 0, (size_t)channels * sizeof *y);
    for (int64_t row = rows->first; row < rows->end; ++row)
        for (int64_t column = columns->first; column < columns->end; ++column)
            mean_add(y, x + (row * g->w + column) * g->c, channels);
}

/* Of a window with more pixels than one chain may have. */
static void sum_long(const work *w, const range *rows, const range *columns, const float *x, int64_t channels,
                     float *y) {
    double sums[CHUNK_CHANNELS] = {0};
    for (int64_t row = rows->first; row < rows->end; ++row)
        for (int64_t column = columns->first; column < columns->end; column += GLI_LONGEST_CHAIN) {
            const range one = {.first = row, .end = row + 1};
            const range run = {.first = column, .end = gli_min_i64(columns->end, column + GLI_LONGEST_CHAIN)};
            sum_channels(w, &one, &run, x, channels, y);
            for (int64_t i = 0; i < channels; ++i) sums[i] += y[i];
        }
    for (int64_t i = 0; i < channels; ++i) y[i] = (float)sums[i];
}

/* Of one channel, with strides from row to row and from column to column: where floats overflow and the mean may not.
 */
static double sum_in_doubles(const range *rows, const range *columns, const float *x, int64_t row_stride,
                             int64_t column_stride) {
    double sum = 0;
    for (int64_t row = rows->first; row < rows->end; ++row)
        for (int64_t column = columns->first; column < columns->end; ++column)
            sum += x[row * row_stride + column * column_stride];
    return sum;
}

static float mean_in_doubles(const range *rows, const range *columns, const float *x, int64_t row_stride,
                             int64_t column_stride) {
    return (float)(sum_in_doubles(rows, columns, x, row_stride, column_stride) / divisor(rows, columns));
}

/* Outputs of all channels, channels last. */
static void pool_pixels(void *arg, int64_t begin, int64_t end) {
    const work *w          = arg;
    const gli_pool_geom *g = w->g;
    for (int64_t i = begin; i < end; ++i) {
        const range rows    = w->range_of(g, ROWS, (int)(i / g->q % g->p)),
                    columns = w->range_of(g, COLUMNS, (int)(i % g->q));
        const float *x      = w->from + i / g->q / g->p * g->h * g->w * g->c;
        float *y            = w->to + i * g->c;
        if ((rows.end - rows.first) * (columns.end - columns.first) <= GLI_LONGEST_CHAIN)
            sum_channels(w, &rows, &columns, x, g->c, y);
        else
            for (int64_t k = 0; k < g->c; k += CHUNK_CHANNELS)
                sum_long(w, &rows, &columns, x + k, gli_min_i64(CHUNK_CHANNELS, g->c - k), y + k);
        mean_divide(y, divisor(&rows, &columns), g->c);
        for (int64_t k = 0; k < g->c; ++k)
            if (!isfinite(y[k])) y[k] = mean_in_doubles(&rows, &columns, x + k, (int64_t)g->w * g->c, g->c);
    }
}

/* Rows of outputs of one channel. */
static void pool_rows(void *arg, int64_t begin, int64_t end) {
    const work *w          = arg;
    const gli_pool_geom *g = w->g;
    for (int64_t i = begin; i < end; ++i) {
        const range rows   = w->range_of(g, ROWS, (int)(i % g->p));
        const float *plane = w->from + i / g->p * g->h * g->w;
        for (int q = 0; q < g->q; ++q) {
            const range columns = w->range_of(g, COLUMNS, q);
            double sum          = 0;
            for (int64_t row = rows.first; row < rows.end; ++row)
                sum += sum_of_row(plane + row * g->w + columns.first, columns.end - columns.first);
            sum /= divisor(&rows, &columns);
            w->to[i * g->q + q] = isfinite(sum) ? (float)sum : mean_in_doubles(&rows, &columns, plane, g->w, 1);
        }
    }
}

static glia_status pool(const gli_call *call, range_of *ranges) {
    const gli_pool_geom *g = call->geom;
    work w                 = {.g = g, .range_of = ranges, .from = call->in[0]->data, .to = call->out[0]->data};
    const int64_t outputs = (int64_t)g->n * g->p * g->q, area = (int64_t)g->h * g->w;
    const int64_t of_output = gli_max_i64(1, area / ((int64_t)g->p * g->q)); /* elements of x */
    if (gli_images_in_planes(call))
        gli_parallel(call->ctx, outputs / g->q * g->c, gli_max_i64(1, CHUNK_ELEMENTS / (of_output * g->q)), pool_rows,
                     &w);
    else
        gli_parallel(call->ctx, outputs, gli_max_i64(1, CHUNK_ELEMENTS / (of_output * g->c)), pool_pixels, &w);
    return GLIA_OK;
}

/* ---- what another provider summed -------------------------------------------------------------------------------- */

/* The mean over a window of the channel x, of images or volumes. */
static float mean_of(const gli_pool_geom *g, range_of *ranges, const int output[GLI_AXES], const float *x,
                     const int64_t *stride) {
    const range rows = ranges(g, ROWS, output[ROWS]), columns = ranges(g, COLUMNS, output[COLUMNS]);
    if (g->rank == 2) return mean_in_doubles(&rows, &columns, x, stride[0], stride[1]);
    const range slices   = ranges(g, SLICES, output[SLICES]);
    const double counted = (double)slices.counted * (double)rows.counted * (double)columns.counted;
    double sum           = 0;
    for (int64_t slice = slices.first; slice < slices.end; ++slice)
        sum += sum_in_doubles(&rows, &columns, x + slice * stride[0], stride[1], stride[2]);
    return (float)(sum / counted);
}

void gli_mend_means(const gli_call *call) {
    const gli_pool_geom *g = call->geom;
    const glia_tensor *x = call->in[0], *y = call->out[0];
    const bool even  = call->op == &gli_op_avg_pool2d || call->op == &gli_op_avg_pool3d;
    range_of *ranges = even ? ordinary : adaptive;
    if (gli_tensor_finite(call->ctx, y)) return;
    for (int64_t i = 0; i < gli_count(y); ++i) {
        const int output[GLI_AXES] = {(int)(i / g->q / g->p % g->z), (int)(i / g->q % g->p), (int)(i % g->q)};
        const int64_t channel = i / g->q / g->p / g->z, n = channel / g->c, c = channel % g->c;
        float *to = (float *)y->data + n * y->stride[0] + c * y->stride[1];
        for (int d = 0; d < g->rank; ++d) to += output[gli_axis_place(g->rank, d)] * y->stride[2 + d];
        const float *from = (const float *)x->data + n * x->stride[0] + c * x->stride[1];
        if (!isfinite(*to)) *to = mean_of(g, ranges, output, from, x->stride + 2);
    }
}

/* ---- backward ---------------------------------------------------------------------------------------------------- */

/* Shares out the gradient of one output, of some channels. dx: of the sample. */
static void share_out(const work *w, const range *rows, const range *columns, const float *dy, int64_t channel,
                      int64_t channels, float *dx) {
    const gli_pool_geom *g = w->g;
    float share[CHUNK_CHANNELS];
    memcpy(share, dy + channel, (size_t)channels * sizeof *share);
    mean_divide(share, divisor(rows, columns), channels);
    for (int64_t row = rows->first; row < rows->end; ++row)
        for (int64_t column = columns->first; column < columns->end; ++column)
            mean_add(dx + (row * g->w + column) * g->c + channel, share, channels);
}

static void share_channels(void *arg, int64_t begin, int64_t end) {
    const work *w          = arg;
    const gli_pool_geom *g = w->g;
    const int64_t area = (int64_t)g->h * g->w, outputs = (int64_t)g->p * g->q;
    for (int64_t i = begin; i < end; ++i) {
        const int64_t channel = i % w->blocks * CHUNK_CHANNELS, sample = i / w->blocks;
        const int64_t channels = gli_min_i64(CHUNK_CHANNELS, g->c - channel);
        float *dx              = w->to + sample * area * g->c;
        for (int64_t k = 0; k < area; ++k) memset(dx + k * g->c + channel, 0, (size_t)channels * sizeof *dx);
        for (int p = 0; p < g->p; ++p)
            for (int q = 0; q < g->q; ++q) {
                const range rows = w->range_of(g, ROWS, p), columns = w->range_of(g, COLUMNS, q);
                const float *dy = w->from + (sample * outputs + (int64_t)p * g->q + q) * g->c;
                share_out(w, &rows, &columns, dy, channel, channels, dx);
            }
    }
}

static void share_planes(void *arg, int64_t begin, int64_t end) {
    const work *w          = arg;
    const gli_pool_geom *g = w->g;
    const int64_t area = (int64_t)g->h * g->w, outputs = (int64_t)g->p * g->q;
    for (int64_t i = begin; i < end; ++i) {
        float *dx = w->to + i * area;
        memset(dx, 0, (size_t)area * sizeof *dx);
        for (int p = 0; p < g->p; ++p)
            for (int q = 0; q < g->q; ++q) {
                const range rows = w->range_of(g, ROWS, p), columns = w->range_of(g, COLUMNS, q);
                const float share = w->from[i * outputs + (int64_t)p * g->q + q] / divisor(&rows, &columns);
                for (int64_t row = rows.first; row < rows.end; ++row)
                    for (int64_t column = columns.first; column < columns.end; ++column)
                        dx[row * g->w + column] += share;
            }
    }
}

static glia_status share(const gli_call *call, range_of *ranges) {
    const gli_pool_geom *g = call->geom;
    work w   = {.g = g, .range_of = ranges, .from = call->in[GLI_POOL_BACK_DY]->data, .to = call->out[0]->data};
    w.blocks = (g->c + CHUNK_CHANNELS - 1) / CHUNK_CHANNELS;
    if (gli_images_in_planes(call))
        gli_parallel(call->ctx, (int64_t)g->n * g->c, gli_max_i64(1, CHUNK_ELEMENTS / ((int64_t)g->h * g->w)),
                     share_planes, &w);
    else
        gli_parallel(call->ctx, g->n * w.blocks, 1, share_channels, &w);
    return GLIA_OK;
}

/* ---- providers --------------------------------------------------------------------------------------------------- */

#define PROVIDER(op, function, ranges)                                                                 \
    static glia_status run_##op(const gli_call *call, const gli_prepared *prepared, void *workspace) { \
        (void)prepared, (void)workspace;                                                               \
        return function(call, ranges);                                                                 \
    }                                                                                                  \
    const gli_provider gli_##op##_native = {.name = "cpu.native", .accepts = GLI_ACCEPTS_IMAGES, .run = run_##op}

PROVIDER(avg_pool2d, pool, ordinary);
PROVIDER(adaptive_avg_pool2d, pool, adaptive);
PROVIDER(avg_pool2d_backward, share, ordinary);
PROVIDER(adaptive_avg_pool2d_backward, share, adaptive);
