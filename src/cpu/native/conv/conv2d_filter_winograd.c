/* The gradient of conv2d with respect to the filters: at each point a product in which the sum runs over the tiles. A
 * row is a channel of dy, a column is one of x. A task makes a block of the filters from a slice of the tiles. */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "core/size.h"
#include "core/team.h"
#include "cpu/native/call_floats.h"
#include "cpu/native/column_sum.h"
#include "cpu/native/conv/winograd.h"
#include "cpu/native/linear/gemm.h"
#include "cpu/native/strided_copy.h"

enum {
    GROUPS = 8,    /* of the kernel's rows, in a task */
    PANELS = 4,    /* of columns in a task */
    CHUNK  = 64,   /* tiles that are transformed at a time */
    MOST   = 1024, /* tiles of a slice, whose sums are floats */
    TASKS  = 16,   /* so many at least, where there are chunks enough */
    TAPS   = 9,
};

typedef struct plan {
    gli_convolution_image x, dy;
    gli_winograd_tiles tiles;
    int pad[2];
    const gli_gemm_kernel *kernel;
    int64_t width, rows;                         /* of a panel, and of a task */
    int64_t row_blocks, panels, panel_blocks;    /* of all filters */
    int64_t slices, of_slice;                    /* tiles */
    int64_t next_input, next_gradient, next_sum; /* from point to point */
    int lanes;                                   /* of threads that work at a time */
} plan;

static plan plan_of(const gli_call *call) {
    const gli_conv_geom *g = call->geom;
    plan p                 = {.x      = gli_image_of(call->in[GLI_CONV_FILTER_X]),
                              .dy     = gli_image_of(call->in[GLI_CONV_FILTER_DY]),
                              .tiles  = gli_winograd_tiles_of(g->n, g->p, g->q),
                              .pad    = {g->pad_h, g->pad_w},
                              .kernel = gli_gemm_kernel_here()};
    p.width                = gli_gemm_column_panels(p.kernel).width;
    p.rows                 = GROUPS * p.kernel->rows;
    p.row_blocks           = gli_divide_up(g->k, p.rows);
    p.panels               = gli_divide_up(g->c, p.width);
    p.panel_blocks         = gli_divide_up(p.panels, PANELS);
    const int64_t blocks   = p.row_blocks * p.panel_blocks;
    const int64_t slices   = gli_max_i64(gli_divide_up(p.tiles.count, MOST), gli_divide_up(TASKS, blocks));
    p.of_slice             = gli_divide_up(gli_divide_up(p.tiles.count, slices), CHUNK) * CHUNK;
    p.slices               = gli_divide_up(p.tiles.count, p.of_slice);
    p.next_input           = CHUNK * PANELS * p.width + GLI_WINOGRAD_PAD;
    p.next_gradient        = CHUNK * p.rows + GLI_WINOGRAD_PAD;
    p.next_sum             = p.rows * PANELS * p.width + GLI_WINOGRAD_PAD;
    p.lanes                = (int)gli_min_i64(call->ctx->threads, blocks * p.slices);
    return p;
}

static int64_t zeros_of(const plan *p) { return gli_max_i64(p->x.channels, p->dy.channels); }

static int64_t lane_floats(const plan *p) {
    return zeros_of(p) + GLI_WINOGRAD_POINTS * (p->next_input + p->next_gradient + p->next_sum);
}

static int64_t filter_floats(const plan *p) { return p->dy.channels * p->x.channels * TAPS; }

/* The slices, and dw where it has gaps or another order. A multiple of a vector: doubles follow. */
static int64_t slices_floats(const gli_call *call, const plan *p) {
    const int64_t arrays = (p->slices > 1 ? p->slices : 0) + !gli_is_dense(call->out[GLI_CONV_FILTER_DW]);
    return gli_divide_up(arrays * filter_floats(p), 16) * 16;
}

typedef struct run {
    plan plan;
    const float *x, *dy;
    float *to;   /* [slice][filters] */
    float *lane; /* of the first lane */
    atomic_bool not_finite;
} run;

typedef struct task {
    const run *run;
    int64_t row, rows;     /* channels of dy */
    int64_t panel, panels; /* of channels of x */
    int64_t slice;
    float *zeros, *inputs, *gradients, *sums;
} task;

/* inputs: [point][panel][tile of the chunk][width]; gradients: [point][tile of the chunk][row]. */
static void transform(const task *t, int64_t tile, int64_t count) {
    const plan *p       = &t->run->plan;
    const int no_pad[2] = {0, 0};
    const float *x[16], *dy[4];
    for (int64_t i = 0; i < count; ++i) {
        gli_winograd_window(&p->dy, &p->tiles, tile + i, no_pad, 2, t->run->dy + t->row, t->zeros, dy);
        gli_winograd_output_gradient(dy, t->rows, t->gradients + i * p->rows, p->next_gradient);
        for (int64_t k = 0; k < t->panels; ++k) {
            const int64_t channel = (t->panel + k) * p->width;
            gli_winograd_window(&p->x, &p->tiles, tile + i, p->pad, 4, t->run->x + channel, t->zeros, x);
            gli_winograd_input(x, gli_min_i64(p->width, p->x.channels - channel),
                               t->inputs + (k * CHUNK + i) * p->width, p->next_input);
        }
    }
}

/* sums: [point][panel][row][width]. */
static void multiply(const task *t, int64_t tiles, bool starts) {
    const plan *p = &t->run->plan;
    for (int point = 0; point < GLI_WINOGRAD_POINTS; ++point)
        for (int64_t k = 0; k < t->panels; ++k)
            for (int64_t row = 0; row < t->rows; row += p->kernel->rows) {
                gli_gemm_segment s = {.count = tiles};
                for (int i = 0; i < p->kernel->rows; ++i)
                    s.row[i] = t->gradients + point * p->next_gradient + gli_min_i64(row + i, t->rows - 1);
                p->kernel->tile[1](&s, 1, p->rows, t->inputs + point * p->next_input + k * CHUNK * p->width, p->width,
                                   starts, t->sums + point * p->next_sum + (k * p->rows + row) * p->width);
            }
}

static void transform_sums(const task *t, float *check) {
    const plan *p = &t->run->plan;
    float taps[TAPS][GLI_GEMM_MAX_COLUMNS], *dw[TAPS];
    for (int i = 0; i < TAPS; ++i) dw[i] = taps[i];
    for (int64_t row = 0; row < t->rows; ++row)
        for (int64_t k = 0; k < t->panels; ++k) {
            const int64_t channel = (t->panel + k) * p->width, count = gli_min_i64(p->width, p->x.channels - channel);
            float *to = t->run->to + t->slice * filter_floats(p) + ((t->row + row) * p->x.channels + channel) * TAPS;
            gli_winograd_filter_gradient(t->sums + (k * p->rows + row) * p->width, p->next_sum, count, dw, check);
            for (int64_t c = 0; c < count; ++c)
                for (int i = 0; i < TAPS; ++i) *to++ = taps[i][c];
        }
}

static void run_task(void *arg, int64_t piece, int lane) {
    run *r              = arg;
    const plan *p       = &r->plan;
    const int64_t block = piece / p->slices;
    task t              = {.run   = r,
                           .row   = block / p->panel_blocks * p->rows,
                           .panel = block % p->panel_blocks * PANELS,
                           .slice = piece % p->slices,
                           .zeros = r->lane + lane * lane_floats(p)};
    t.rows              = gli_min_i64(p->rows, p->dy.channels - t.row);
    t.panels            = gli_min_i64(PANELS, p->panels - t.panel);
    t.inputs            = t.zeros + zeros_of(p);
    t.gradients         = t.inputs + GLI_WINOGRAD_POINTS * p->next_input;
    t.sums              = t.gradients + GLI_WINOGRAD_POINTS * p->next_gradient;
    const int64_t begin = t.slice * p->of_slice, end = gli_min_i64(begin + p->of_slice, p->tiles.count);
    float check[GLI_GEMM_MAX_COLUMNS] = {0}, sum = 0;
    memset(t.zeros, 0, (size_t)(t.gradients - t.zeros) * sizeof *t.zeros);
    for (int64_t tile = begin; tile < end; tile += CHUNK) {
        const int64_t count = gli_min_i64(CHUNK, end - tile);
        transform(&t, tile, count);
        multiply(&t, count, tile == begin);
    }
    transform_sums(&t, check);
    for (int i = 0; i < GLI_GEMM_MAX_COLUMNS; ++i) sum += check[i];
    if (isnan(sum)) r->not_finite = true;
}

/* ---- the provider ------------------------------------------------------------------------------------------------ */

static int64_t pixels_of(const gli_conv_geom *g) { return (int64_t)g->n * g->p * g->q; }

static const char *decline(const gli_call *call) {
    enum { FEWEST_TILES = 128 };
    const gli_conv_geom *g         = call->geom;
    const gli_winograd_tiles tiles = gli_winograd_tiles_of(g->n, g->p, g->q);
    const char *reason             = gli_winograd_decline(g, &tiles, pixels_of(g));
    if (!reason && tiles.count < FEWEST_TILES) reason = "it has fewer than 128 tiles of 2 x 2 pixels";
    return reason ? reason : gli_conv2d_backward_filter_native.decline(call);
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_conv_geom *g = call->geom;
    const plan p           = plan_of(call);
    const size_t sums      = (size_t)gli_max_i64((int64_t)gli_column_sum_workspace(p.slices, filter_floats(&p)),
                                                 (int64_t)gli_column_sum_workspace(pixels_of(g), g->k));
    const size_t lanes     = (size_t)(p.lanes * lane_floats(&p)) * sizeof(float);
    const size_t bytes     = (size_t)slices_floats(call, &p) * sizeof(float) + (lanes > sums ? lanes : sums);
    GLI_TRY(gli_conv2d_backward_filter_native.prepare(call, out));
    out->workspace = bytes > out->workspace ? bytes : out->workspace;
    return GLIA_OK;
}

static void copy_filters(const gli_call *call, const float *from) {
    const glia_tensor *dw = call->out[GLI_CONV_FILTER_DW];
    gli_copy copy         = {.size = sizeof *from, .ndim = dw->ndim, .to = dw->data, .from = from};
    memcpy(copy.dim, dw->dim, (size_t)dw->ndim * sizeof *copy.dim);
    memcpy(copy.to_stride, dw->stride, (size_t)dw->ndim * sizeof *copy.to_stride);
    gli_dense_strides(dw->ndim, dw->dim, copy.from_stride);
    gli_copy_run(call->ctx, &copy);
}

/* An infinity in a tile makes NaN of its neighbours' sums: then the direct sums decide. */
static glia_status run_filter(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    const gli_conv_geom *g = call->geom;
    const glia_tensor *dw = call->out[GLI_CONV_FILTER_DW], *dbias = call->out[GLI_CONV_FILTER_DBIAS];
    run r                 = {.plan = plan_of(call),
                             .x    = gli_in_floats(call, GLI_CONV_FILTER_X),
                             .dy   = gli_in_floats(call, GLI_CONV_FILTER_DY)};
    const plan *p         = &r.plan;
    const int64_t filters = filter_floats(p);
    float *sum            = gli_is_dense(dw) ? dw->data : workspace;
    r.lane                = (float *)workspace + slices_floats(call, p);
    r.to                  = p->slices > 1 ? (sum == workspace ? sum + filters : workspace) : sum;
    gli_team_run(call->ctx->team, &(gli_job){run_task, &r, p->row_blocks * p->panel_blocks * p->slices});
    if (r.not_finite) return gli_conv2d_backward_filter_native.run(call, prepared, workspace);
    const gli_column_matrix slices = {r.to, p->slices, filters, filters, 1};
    const gli_column_matrix pixels = {r.dy, pixels_of(g), g->k, g->k, 1};
    if (p->slices > 1) gli_column_sum(call->ctx, &slices, sum, 1, r.lane);
    if (sum == workspace) copy_filters(call, sum);
    if (dbias) gli_column_sum(call->ctx, &pixels, dbias->data, dbias->stride[0], r.lane);
    return GLIA_OK;
}

const gli_provider gli_conv2d_backward_filter_winograd = {
    .name = "cpu.winograd", .accepts = GLI_ACCEPTS_WINOGRAD, .decline = decline, .prepare = prepare, .run = run_filter};
