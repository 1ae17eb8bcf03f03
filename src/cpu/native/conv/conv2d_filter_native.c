/* The gradient of conv2d with respect to the filters: a matrix product in which the sum runs over pixels. A row is one
 * tap of one channel of x, a column is one channel of dy. Where there are few of both, the images are divided into
 * slices with a product each, which are added up at the end. */
#include "core/parallel.h"
#include "core/size.h"
#include "cpu/native/call_floats.h"
#include "cpu/native/column_sum.h"
#include "cpu/native/conv/convolution_exact.h"
#include "cpu/native/conv/image_copies.h"
#include "cpu/native/conv/convolution_rows.h"
#include "cpu/native/conv/depthwise.h"
#include "cpu/native/finite.h"

enum { TASKS = 16, TASK_ROWS = 32, TASK_COLUMNS = 64 }; /* so many at least, of about that size */

/* Of the workspace, behind the planes of x: elements before each array. */
typedef struct layout {
    int64_t dy, packed, slices, all;
} layout;

typedef struct plan {
    gli_convolution c;       /* its y is dy */
    gli_convolution_image x; /* in planes */
    bool copies_dy;
    int64_t joined;           /* groups of the convolution in one product */
    int64_t in, out, taps;    /* channels of a product, and taps */
    int64_t slices, of_slice; /* images */
    int64_t length, pieces;   /* of the pieces that a row of dy is cut into, and how many */
    const gli_gemm_kernel *kernel;
    gli_gemm_panels panels;
    gli_gemm_columns columns;
    int64_t packed; /* elements, of one product */
    layout at;
} plan;

static int64_t products_of(const plan *p) { return p->c.groups / p->joined; }

/* Whether one stride leads through the pixels of an image. */
static bool is_flat(const gli_convolution_image *y) {
    return y->rows == 1 || y->row_stride == y->columns * y->column_stride;
}

static layout layout_of(const plan *p) {
    const gli_convolution_image *y = &p->c.y;
    const int64_t filters          = p->c.y.channels * gli_channels_in(&p->c) * p->taps;
    layout out                     = {.dy = p->c.images * p->x.image_stride};
    out.packed                     = out.dy + (p->copies_dy ? p->c.images * y->channels * y->rows * y->columns : 0);
    out.slices                     = out.packed + products_of(p) * p->packed;
    const int64_t floats           = out.slices + (p->slices > 1 ? p->slices * filters : 0);
    out.all                        = gli_divide_up(floats, 2) * 2; /* doubles follow */
    return out;
}

/* Small groups would leave most of a vector empty: so many go into one product. Of its results those between different
 * groups are left out. */
static int64_t groups_at_once(const gli_convolution *c) {
    const int64_t most = gli_gemm_kernel_here()->lanes / gli_channels_out(c);
    for (int64_t count = gli_min_i64(most, c->groups); count > 1; --count)
        if (c->groups % count == 0) return count;
    return 1;
}

static gli_convolution convolution_of(const gli_call *call) {
    return gli_convolution_of(call->geom, call->in[GLI_CONV_FILTER_X], call->in[GLI_CONV_FILTER_DY],
                              call->out[GLI_CONV_FILTER_DW]);
}

static plan plan_of(const gli_call *call) {
    plan p                   = {.kernel = gli_gemm_kernel_here(), .c = convolution_of(call)};
    gli_convolution_image *y = &p.c.y;
    p.copies_dy              = !is_flat(y);
    if (p.copies_dy) *y = gli_image_channels_last(y);
    p.x      = gli_padded_planes(&p.c);
    p.joined = groups_at_once(&p.c);
    p.in     = p.joined * gli_channels_in(&p.c);
    p.out    = p.joined * gli_channels_out(&p.c);
    p.taps   = gli_taps(&p.c);

    const int64_t tasks =
        products_of(&p) * gli_divide_up(p.in * p.taps, TASK_ROWS) * gli_divide_up(p.out, TASK_COLUMNS);
    p.of_slice = gli_divide_up(p.c.images, gli_min_i64(p.c.images, gli_divide_up(TASKS, tasks)));
    p.slices   = gli_divide_up(p.c.images, p.of_slice);
    p.length   = gli_min_i64(GLI_GEMM_BLOCK, y->columns);
    p.pieces   = gli_divide_up(y->columns, p.length);
    p.panels   = gli_gemm_column_panels(p.kernel);
    p.columns  = (gli_gemm_columns){.count         = p.out,
                                    .outer         = p.c.images,
                                    .length        = y->rows * y->columns,
                                    .column_stride = y->channel_stride,
                                    .outer_stride  = y->image_stride,
                                    .length_stride = y->columns > 1 ? y->column_stride : y->row_stride};
    p.packed   = gli_gemm_packed(&p.panels, &p.columns);
    p.at       = layout_of(&p);
    return p;
}

/* ---- the product ------------------------------------------------------------------------------------------------- */

typedef struct run {
    plan plan;
    const float *x, *dy;
    float *packed;
    float *to; /* dw, or the slices: each like dw, but row-major */
    int64_t slice_stride, out_stride, in_stride, stride[2];
} run;

static const float *dy_of(const void *arg, int64_t product) {
    const run *r = arg;
    return r->dy + product * r->plan.out * r->plan.c.y.channel_stride;
}

static int64_t pieces_of_block(const plan *p) {
    return gli_min_i64(GLI_GEMM_SEGMENTS, gli_max_i64(1, GLI_GEMM_BLOCK / p->length));
}

/* Of the images of a slice. */
static int64_t pieces_of_slice(const plan *p) { return p->of_slice * p->c.y.rows * p->pieces; }

/* From the pixel that the first tap reads to that which the row's tap reads, of the row's channel. */
static int64_t offset_of(const plan *p, int64_t product, int64_t row) {
    const gli_convolution *c = &p->c;
    const int64_t tap        = row % p->taps;
    return (product * p->in + row / p->taps) * p->x.channel_stride +
           tap / c->taps[GLI_COLUMNS] * c->dilation[GLI_ROWS] * p->x.row_stride +
           tap % c->taps[GLI_COLUMNS] * c->dilation[GLI_COLUMNS];
}

static int segments(const void *arg, const gli_gemm_rows *rows, int64_t block, gli_gemm_segment *out) {
    const run *r                   = arg;
    const plan *p                  = &r->plan;
    const gli_convolution_image *y = &p->c.y;
    const int64_t first            = rows->problem % p->slices * pieces_of_slice(p) + block * pieces_of_block(p);
    const int64_t end =
        gli_min_i64(gli_min_i64(first + pieces_of_block(p), (rows->problem % p->slices + 1) * pieces_of_slice(p)),
                    p->c.images * y->rows * p->pieces);
    int64_t offset[GLI_GEMM_MAX_ROWS];
    for (int i = 0; i < p->kernel->rows; ++i)
        offset[i] = offset_of(p, rows->problem / p->slices, rows->first + gli_min_i64(i, rows->count - 1));
    for (int64_t k = first; k < end; ++k, ++out) {
        const int64_t column = k % p->pieces * p->length, row = k / p->pieces;
        const float *from = r->x + row / y->rows * p->x.image_stride +
                            row % y->rows * p->c.stride[GLI_ROWS] * p->x.row_stride + column * p->c.stride[GLI_COLUMNS];
        out->first = row * y->columns + column;
        out->count = gli_min_i64(p->length, y->columns - column);
        for (int i = 0; i < p->kernel->rows; ++i) out->row[i] = from + offset[i];
    }
    return (int)gli_max_i64(0, end - first);
}

/* Of channels of different groups nothing is stored. */
static void store(const void *arg, const gli_gemm_rows *rows, int64_t column, int columns, float *sums, int pitch) {
    const run *r     = arg;
    const plan *p    = &r->plan;
    const int64_t in = gli_channels_in(&p->c), out = gli_channels_out(&p->c);
    const int64_t first_group = rows->problem / p->slices * p->joined;
    for (int i = 0; i < rows->count; ++i, sums += pitch) {
        const int64_t channel = (rows->first + i) / p->taps, tap = (rows->first + i) % p->taps, group = channel / in;
        const int64_t begin = gli_max_i64(group * out, column), end = gli_min_i64((group + 1) * out, column + columns);
        float *to = r->to + rows->problem % p->slices * r->slice_stride + first_group * out * r->out_stride +
                    channel % in * r->in_stride + tap / p->c.taps[GLI_COLUMNS] * r->stride[GLI_ROWS] +
                    tap % p->c.taps[GLI_COLUMNS] * r->stride[GLI_COLUMNS];
        for (int64_t k = begin; k < end; ++k) to[k * r->out_stride] = sums[k - column];
    }
}

static void multiply(const glia_context *ctx, const run *r) {
    const plan *p       = &r->plan;
    const gli_gemm gemm = {.kernel      = p->kernel,
                           .problems    = products_of(p) * p->slices,
                           .rows        = p->in * p->taps,
                           .columns     = p->out,
                           .sum         = p->columns.outer * p->columns.length,
                           .blocks      = gli_divide_up(pieces_of_slice(p), pieces_of_block(p)),
                           .step        = p->c.stride[GLI_COLUMNS],
                           .panels      = r->packed,
                           .next_panels = p->packed,
                           .sharing     = p->slices,
                           .segments    = segments,
                           .store       = store,
                           .arg         = r};
    gli_gemm_pack(ctx, &p->panels, &p->columns, products_of(p), dy_of, r, r->packed);
    gli_gemm_run(ctx, &gemm);
}

/* ---- dw and dbias from it ---------------------------------------------------------------------------------------- */

static run run_of(const gli_call *call, float *workspace) {
    const glia_tensor *dw = call->out[GLI_CONV_FILTER_DW];
    run r                 = {.plan = plan_of(call), .x = workspace, .dy = gli_in_floats(call, GLI_CONV_FILTER_DY)};
    const plan *p         = &r.plan;
    r.packed              = workspace + p->at.packed;
    if (p->copies_dy) r.dy = workspace + p->at.dy;
    if (p->slices == 1) {
        r.to         = dw->data;
        r.out_stride = dw->stride[0], r.in_stride = dw->stride[1];
        for (int d = 0; d < 2; ++d) r.stride[d] = dw->stride[2 + d];
        return r;
    }
    r.to                  = workspace + p->at.slices;
    r.stride[GLI_COLUMNS] = 1;
    r.stride[GLI_ROWS]    = p->c.taps[GLI_COLUMNS];
    r.in_stride           = p->taps;
    r.out_stride          = gli_channels_in(&p->c) * p->taps;
    r.slice_stride        = p->c.y.channels * r.out_stride;
    return r;
}

typedef struct addition {
    const run *run;
    const glia_tensor *dw;
} addition;

enum { FILTERS = 8 }; /* of a chunk */

/* Some filters of dw, as sums over the slices. */
static void add_slices(void *arg, int64_t begin, int64_t end) {
    const addition *a     = arg;
    const run *r          = a->run;
    const glia_tensor *dw = a->dw;
    const int64_t taps = r->plan.taps, columns = dw->dim[3];
    for (int64_t k = begin; k < end; ++k)
        for (int64_t i = 0; i < dw->dim[1] * taps; ++i) {
            const float *from = r->to + k * r->out_stride + i;
            float sum         = 0;
            for (int64_t slice = 0; slice < r->plan.slices; ++slice) sum += from[slice * r->slice_stride];
            ((float *)dw->data)[k * dw->stride[0] + i / taps * dw->stride[1] + i % taps / columns * dw->stride[2] +
                                i % columns * dw->stride[3]] = sum;
        }
}

/* The panels are matrices of as many rows as there are pixels. */
static void sum_panels(const gli_call *call, const run *r, const glia_tensor *dbias, void *workspace) {
    const plan *p      = &r->plan;
    const int64_t rows = p->columns.outer * p->columns.length;
    for (int64_t product = 0; product < products_of(p); ++product)
        for (int64_t first = 0; first < p->out; first += p->panels.width) {
            const int64_t rest        = p->out - first;
            const gli_column_matrix m = {.data          = r->packed + product * p->packed + first * rows,
                                         .rows          = rows,
                                         .columns       = gli_min_i64(p->panels.width, rest),
                                         .row_stride    = rest <= p->panels.last ? p->panels.last : p->panels.width,
                                         .column_stride = 1};
            float *to                 = (float *)dbias->data + (product * p->out + first) * dbias->stride[0];
            gli_column_sum(call->ctx, &m, to, dbias->stride[0], workspace);
        }
}

static size_t sum_bytes(const plan *p) {
    return gli_column_sum_workspace(p->columns.outer * p->columns.length, p->panels.width);
}

static const char *decline(const gli_call *call) {
    const gli_convolution c = convolution_of(call);
    return gli_is_depthwise(&c) ? NULL : gli_convolution_decline_planes(&c);
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_convolution c = convolution_of(call);
    if (gli_is_depthwise(&c)) return out->workspace = gli_depthwise_filter_workspace(call), GLIA_OK;
    const plan p   = plan_of(call);
    out->workspace = (size_t)p.at.all * sizeof(float) + (call->out[GLI_CONV_FILTER_DBIAS] ? sum_bytes(&p) : 0);
    return GLIA_OK;
}

static void copy_images(const gli_call *call, const plan *p, float *workspace) {
    const gli_convolution_image dy = gli_image_of(call->in[GLI_CONV_FILTER_DY]);
    if (p->copies_dy)
        gli_image_copy(call->ctx, p->c.images, &dy, gli_in_floats(call, GLI_CONV_FILTER_DY), &p->c.y,
                       workspace + p->at.dy);
    gli_convolution_pad(call->ctx, &p->c, gli_in_floats(call, GLI_CONV_FILTER_X), workspace);
}

static void redo_infinite(const gli_call *call, const gli_convolution *c, const glia_tensor *dw) {
    if (gli_convolution_reads_zeros(c) && !gli_tensor_finite(call->ctx, dw))
        gli_convolution_redo_filters(call->ctx, c, gli_in_floats(call, GLI_CONV_FILTER_X),
                                     gli_in_floats(call, GLI_CONV_FILTER_DY), dw);
}

static glia_status run_filter(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    const gli_convolution c = convolution_of(call);
    if (gli_is_depthwise(&c)) return gli_depthwise_filter(call, workspace), GLIA_OK;
    const run r              = run_of(call, workspace);
    const glia_tensor *dbias = call->out[GLI_CONV_FILTER_DBIAS];
    addition a               = {&r, call->out[GLI_CONV_FILTER_DW]};
    copy_images(call, &r.plan, workspace);
    multiply(call->ctx, &r);
    if (r.plan.slices > 1) gli_parallel(call->ctx, a.dw->dim[0], FILTERS, add_slices, &a);
    if (dbias) sum_panels(call, &r, dbias, (float *)workspace + r.plan.at.all);
    redo_infinite(call, &c, a.dw);
    return GLIA_OK;
}

const gli_provider gli_conv2d_backward_filter_native = {.name    = "cpu.native",
                                                        .accepts = GLI_ACCEPTS_CONVOLUTION,
                                                        .decline = decline,
                                                        .prepare = prepare,
                                                        .run     = run_filter};
