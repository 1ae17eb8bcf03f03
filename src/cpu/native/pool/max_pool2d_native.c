/* Max pooling of f32 at the speed of memory: loops over channels (channels last) or along a row of outputs (row-major),
 * in which the compiler keeps the usual windows in registers. A chunk is a range of output rows, or in the backward op
 * some channels of one sample, which one thread adds up alone: the bits are the same for any number of threads. */
#include <math.h>
#include <string.h>

#include "core/parallel.h"
#include "core/provider.h"
#include "core/size.h"
#include "cpu/native/vectorize.h"
#include "cpu/native/images.h"
#include "ops/pool/pool_geom.h"

enum { CHUNK_CHANNELS = 64, CHUNK_ELEMENTS = 16384 }; /* of the backward op; of y */

typedef struct work {
    const gli_pool_geom *g;
    const float *x;
    float *y;
    int32_t *indices; /* NULL: not requested */
} work;

/* The elements of x in a window, along one axis: `count` from `first` on, with stride `step`. */
typedef struct range {
    int64_t first;
    int count, step;
} range;

/* One element alone has no step: that of a dilation beyond x would overflow where strides are made of it. */
static range range_of(int64_t first, int64_t count, int dilation) {
    return (range){first, (int)count, count > 1 ? dilation : 0};
}

static range clip(int64_t start, int kernel, int dilation, int size) {
    if (start >= 0 && start + (int64_t)(kernel - 1) * dilation < size) return range_of(start, kernel, dilation);
    const int64_t skipped = gli_divide_up(-start, dilation);
    const int64_t last    = gli_min_i64(kernel, gli_divide_up(size - start, dilation));
    return range_of(start + skipped * dilation, gli_max_i64(0, last - skipped), dilation);
}

static range rows_of(const gli_pool_geom *g, int64_t p) {
    return clip(p * g->stride_h - g->pad_h, g->r, g->dilation_h, g->h);
}

static range columns_of(const gli_pool_geom *g, int64_t q) {
    return clip(q * g->stride_w - g->pad_w, g->s, g->dilation_w, g->w);
}

static void store_empty(float *y, int32_t *indices, int n) {
    for (int i = 0; i < n; ++i) y[i] = -INFINITY;
    for (int i = 0; indices && i < n; ++i) indices[i] = -1;
}

/* relu of n outputs, by masks; what it makes 0 has no index. */
GLI_CLONES static void rectify(float *restrict y, int32_t *restrict indices, int64_t n) {
    for (int64_t i = 0; i < n; ++i) y[i] = y[i] <= 0 ? 0 : y[i];
    for (int64_t i = 0; indices && i < n; ++i) indices[i] |= -(y[i] == 0);
}

/* The strides to the next output and to a window's next row and column: of elements of x, or of indices in the plane of
 * a channel. */
typedef struct strides {
    int next, row, column;
} strides;

typedef union bits {
    float value;
    int32_t word;
} bits;

/* Selects by masks: compilers make branches of a choice between floats, and half of them would be mispredicted. */
GLI_INLINE void take(float v, int index, float *max, int *max_index) {
    const int won = -((v > *max) | (v != v)); /* NaN wins */
    bits b = {.value = *max}, c = {.value = v};
    b.word     = (c.word & won) | (b.word & ~won);
    *max       = b.value;
    *max_index = (index & won) | (*max_index & ~won);
}

/* n windows of size 2 x 2 or 3 x 3; the size is a constant of the caller. */
GLI_INLINE void pool_small(const float *x, strides in, int index, strides to, int size, int n, float *restrict y,
                           int32_t *restrict indices) {
    for (int i = 0; i < n; ++i) {
        const float *from = x + i * in.next;
        const int start   = index + i * to.next;
        float max         = *from;
        int max_index     = start;
#define TAKE(r, s) take(from[r * in.row + s * in.column], start + r * to.row + s * to.column, &max, &max_index)
        TAKE(0, 1);
        if (size == 3) TAKE(0, 2);
        TAKE(1, 0), TAKE(1, 1);
        if (size == 3) TAKE(1, 2), TAKE(2, 0), TAKE(2, 1), TAKE(2, 2);
#undef TAKE
        y[i] = max;
        if (indices) indices[i] = max_index;
    }
}

/* n windows of any size: all their first elements, then all their second ones, and so on. */
GLI_INLINE void pool_any(const float *x, strides in, int index, strides to, range rows, range columns, int n,
                         float *restrict y, int32_t *restrict indices) {
    for (int i = 0; i < n; ++i) y[i] = x[i * in.next];
    for (int i = 0; indices && i < n; ++i) indices[i] = index + i * to.next;
    for (int r = 0; r < rows.count; ++r)
        for (int s = 0; s < columns.count; ++s) {
            const float *from = x + r * in.row + s * in.column;
            const int start   = index + r * to.row + s * to.column;
            int ignored       = 0;
            for (int i = 0; i < n; ++i)
                take(from[i * in.next], start + i * to.next, &y[i], indices ? &indices[i] : &ignored);
        }
}

GLI_INLINE void pool_windows(const float *x, strides in, int index, strides to, range rows, range columns, int n,
                             float *y, int32_t *indices) {
    if (rows.count == 2 && columns.count == 2)
        pool_small(x, in, index, to, 2, n, y, indices);
    else if (rows.count == 3 && columns.count == 3)
        pool_small(x, in, index, to, 3, n, y, indices);
    else
        pool_any(x, in, index, to, rows, columns, n, y, indices);
}

/* The channels of one output, channels last. index: of the window's first element. */
GLI_CLONES static void max_pool_channels(const gli_pool_geom *g, const float *x, int index, range rows, range columns,
                                         float *y, int32_t *indices) {
    const strides to = {.next = 0, .row = rows.step * g->w, .column = columns.step};
    const strides in = {.next = 1, .row = to.row * g->c, .column = to.column * g->c};
    if (indices)
        pool_windows(x, in, index, to, rows, columns, g->c, y, indices);
    else
        pool_windows(x, in, index, to, rows, columns, g->c, y, NULL);
}

/* n adjacent outputs of one channel, row-major. */
GLI_CLONES static void max_pool_outputs(const gli_pool_geom *g, const float *x, int index, range rows, range columns,
                                        int n, float *y, int32_t *indices) {
    const int row     = rows.step * g->w;
    const strides one = {1, row, columns.step}, two = {2, row, columns.step}, any = {g->stride_w, row, columns.step};
    if (g->stride_w == 2 && indices)
        pool_windows(x, two, index, two, rows, columns, n, y, indices);
    else if (g->stride_w == 2)
        pool_windows(x, two, index, two, rows, columns, n, y, NULL);
    else if (g->stride_w == 1)
        pool_windows(x, one, index, one, rows, columns, n, y, indices);
    else
        pool_windows(x, any, index, any, rows, columns, n, y, indices);
}

/* Where the windows of an output row, counted over all samples, begin in x. */
static const float *first_row(const work *w, int64_t row, range *rows) {
    const gli_pool_geom *g = w->g;
    *rows                  = rows_of(g, row % g->p);
    return w->x + (row / g->p * g->h + rows->first) * g->w * g->c;
}

/* Fetches what the window below this one will read: a row is too short for the hardware to predict the next. */
static void prefetch(const float *x, int64_t row_step, int rows, int64_t count) {
    for (int r = 0; r < rows; ++r)
        for (int64_t i = 0; i < count; i += 16) __builtin_prefetch(x + r * row_step + i);
}

/* Output rows begin .. end-1 of all samples, channels last. */
static void pool_pixels(void *arg, int64_t begin, int64_t end) {
    const work *w          = arg;
    const gli_pool_geom *g = w->g;
    const int64_t row_size = (int64_t)g->w * g->c;
    range rows, rows_below;
    for (int64_t row = begin; row < end; ++row) {
        const float *x = first_row(w, row, &rows), *below = first_row(w, gli_min_i64(row + 1, end - 1), &rows_below);
        const int fresh = (int)gli_min_i64(g->stride_h, rows_below.count); /* rows that this window does not read */
        for (int64_t q = 0; q < g->q; ++q) {
            const range columns = columns_of(g, q);
            const int64_t out   = (row * g->q + q) * g->c;
            int32_t *indices    = w->indices ? w->indices + out : NULL;
            const int64_t next  = gli_min_i64(g->stride_w, g->w - columns.first) * g->c;
            prefetch(below + row_size * (rows_below.count - fresh) * rows_below.step + columns.first * g->c,
                     row_size * rows_below.step, fresh, next);
            if (rows.count == 0 || columns.count == 0)
                store_empty(w->y + out, indices, g->c);
            else
                max_pool_channels(g, x + columns.first * g->c, (int)(rows.first * g->w + columns.first), rows, columns,
                                  w->y + out, indices);
            if (g->relu) rectify(w->y + out, indices, g->c);
        }
    }
}

static void pool_row(const work *w, const float *plane, int64_t p, float *y, int32_t *indices) {
    const gli_pool_geom *g  = w->g;
    const range rows        = rows_of(g, p);
    const int64_t effective = (int64_t)(g->s - 1) * g->dilation_w + 1; /* kernel size */
    const int64_t full      = gli_divide_up(g->pad_w, g->stride_w);    /* windows full .. full_end - 1 are inside x */
    const int64_t full_end  = gli_divide_up(g->w - effective + g->pad_w + 1, g->stride_w);
    for (int64_t q = 0, n; q < g->q; q += n) {
        const range columns = columns_of(g, q);
        const int64_t first = rows.first * g->w + columns.first;
        n                   = q < full || q >= full_end ? 1 : gli_min_i64(full_end, g->q) - q;
        if (rows.count == 0 || columns.count == 0)
            store_empty(y + q, indices ? indices + q : NULL, (int)n);
        else
            max_pool_outputs(g, plane + first, (int)first, rows, columns, (int)n, y + q, indices ? indices + q : NULL);
    }
    if (g->relu) rectify(y, indices, g->q);
}

static void pool_rows(void *arg, int64_t begin, int64_t end) {
    const work *w = arg;
    for (int64_t i = begin; i < end; ++i)
        pool_row(w, w->x + i / w->g->p * w->g->h * w->g->w, i % w->g->p, w->y + i * w->g->q,
                 w->indices ? w->indices + i * w->g->q : NULL);
}

static glia_status run_forward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_pool_geom *g = call->geom;
    work w                 = {.g       = g,
                              .x       = call->in[0]->data,
                              .y       = call->out[GLI_POOL_Y]->data,
                              .indices = call->out[GLI_POOL_INDICES] ? call->out[GLI_POOL_INDICES]->data : NULL};
    const int64_t rows     = (int64_t)g->n * g->p;
    if (gli_images_in_planes(call))
        gli_parallel(call->ctx, rows * g->c, gli_max_i64(1, CHUNK_ELEMENTS / g->q), pool_rows, &w);
    else
        gli_parallel(call->ctx, rows, gli_max_i64(1, CHUNK_ELEMENTS / ((int64_t)g->q * g->c)), pool_pixels, &w);
    return GLIA_OK;
}

/* ---- Backward ---------------------------------------------------------------------------------------------------- */

typedef struct scatter {
    const gli_pool_geom *g;
    int64_t blocks; /* of channels */
    const float *dy;
    const int32_t *indices;
    float *dx;
} scatter;

/* One sample's channels from .. to-1, channels last. */
static void scatter_channels(const scatter *w, int64_t sample, int64_t from, int64_t to) {
    const int64_t c = w->g->c, area = (int64_t)w->g->h * w->g->w, windows = (int64_t)w->g->p * w->g->q;
    const float *dy        = w->dy + sample * windows * c;
    const int32_t *indices = w->indices + sample * windows * c;
    float *dx              = w->dx + sample * area * c;
    if (w->blocks == 1)
        memset(dx, 0, (size_t)(area * c) * sizeof *dx);
    else
        for (int64_t index = 0; index < area; ++index)
            memset(dx + index * c + from, 0, (size_t)(to - from) * sizeof *dx);
    for (int64_t window = 0; window < windows; ++window, dy += c, indices += c)
        for (int64_t i = from; i < to; ++i)
            if ((uint32_t)indices[i] < area) dx[indices[i] * c + i] += dy[i];
}

static void scatter_samples(void *arg, int64_t begin, int64_t end) {
    const scatter *w = arg;
    for (int64_t i = begin; i < end; ++i) {
        const int64_t from = i % w->blocks * CHUNK_CHANNELS;
        scatter_channels(w, i / w->blocks, from, gli_min_i64(from + CHUNK_CHANNELS, w->g->c));
    }
}

static void scatter_planes(void *arg, int64_t begin, int64_t end) {
    const scatter *w   = arg;
    const int64_t area = (int64_t)w->g->h * w->g->w, windows = (int64_t)w->g->p * w->g->q;
    for (int64_t plane = begin; plane < end; ++plane) {
        const float *dy        = w->dy + plane * windows;
        const int32_t *indices = w->indices + plane * windows;
        float *dx              = w->dx + plane * area;
        memset(dx, 0, (size_t)area * sizeof *dx);
        for (int64_t i = 0; i < windows; ++i)
            if ((uint32_t)indices[i] < area) dx[indices[i]] += dy[i];
    }
}

static glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_pool_geom *g = call->geom;
    scatter w              = {.g       = g,
                              .blocks  = (g->c + CHUNK_CHANNELS - 1) / CHUNK_CHANNELS,
                              .dy      = call->in[GLI_POOL_BACK_DY]->data,
                              .indices = call->in[GLI_POOL_BACK_INDICES]->data,
                              .dx      = call->out[0]->data};
    if (gli_images_in_planes(call))
        gli_parallel(call->ctx, (int64_t)g->n * g->c, gli_max_i64(1, CHUNK_ELEMENTS / ((int64_t)g->h * g->w)),
                     scatter_planes, &w);
    else
        gli_parallel(call->ctx, g->n * w.blocks, 1, scatter_samples, &w);
    return GLIA_OK;
}

const gli_provider gli_max_pool2d_native = {.name = "cpu.native", .accepts = GLI_ACCEPTS_IMAGES, .run = run_forward};
const gli_provider gli_max_pool2d_backward_native = {
    .name = "cpu.native", .accepts = GLI_ACCEPTS_IMAGES, .run = run_backward};
