/* conv2d, and its gradient with respect to x: the same with the filters turned round. A task takes some tiles through
 * all of it, so that what is transformed stays in the second cache. */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "core/size.h"
#include "core/team.h"
#include "cpu/native/call_floats.h"
#include "cpu/native/conv/winograd.h"
#include "cpu/native/elementwise/activate.h"
#include "cpu/native/linear/gemm.h"

enum {
    GROUPS   = 8,  /* of the kernel's rows, in the tiles of a task */
    PANELS   = 2,  /* of columns at a time */
    TASKS    = 8,  /* so many at least */
    CHANNELS = 16, /* whose filters are transformed at a time */
    TAPS     = 9,
};

/* The sums run over the channels of x; y's are the columns. */
typedef struct plan {
    gli_convolution_image x, y;
    gli_winograd_tiles tiles;
    int pad[2];
    int64_t out_stride, in_stride, tap_stride[2]; /* of the filters */
    const gli_gemm_kernel *kernel;
    gli_gemm_panels panels;
    int64_t n_panels, of_range, ranges;        /* panels of a task */
    int64_t block, blocks;                     /* tiles of a task */
    int64_t next_filter, next_input, next_sum; /* from point to point */
    int lanes;                                 /* of threads that work at a time */
} plan;

static plan plan_of(const gli_call *call, const glia_tensor *x, const glia_tensor *y) {
    plan p        = {.x = gli_image_of(x), .y = gli_image_of(y), .kernel = gli_gemm_kernel_here()};
    p.tiles       = gli_winograd_tiles_of(y->dim[0], y->dim[2], y->dim[3]);
    p.panels      = gli_gemm_column_panels(p.kernel);
    p.n_panels    = gli_divide_up(p.y.channels, p.panels.width);
    p.block       = GROUPS * p.kernel->rows;
    p.blocks      = gli_divide_up(p.tiles.count, p.block);
    p.of_range    = gli_divide_up(p.n_panels, gli_min_i64(p.n_panels, gli_divide_up(TASKS, p.blocks)));
    p.ranges      = gli_divide_up(p.n_panels, p.of_range);
    p.next_filter = p.panels.width * p.x.channels + GLI_WINOGRAD_PAD;
    p.next_input  = p.block * p.x.channels + GLI_WINOGRAD_PAD;
    p.next_sum    = p.block * PANELS * p.panels.width + GLI_WINOGRAD_PAD;
    p.lanes       = (int)gli_min_i64(call->ctx->threads, p.blocks * p.ranges);
    return p;
}

static plan forward(const gli_call *call) {
    const gli_conv_geom *g = call->geom;
    const glia_tensor *w   = call->in[GLI_CONV_W];
    plan p                 = plan_of(call, call->in[GLI_CONV_X], call->out[0]);
    p.pad[0] = g->pad_h, p.pad[1] = g->pad_w;
    p.out_stride = w->stride[0], p.in_stride = w->stride[1];
    p.tap_stride[0] = w->stride[2], p.tap_stride[1] = w->stride[3];
    return p;
}

static plan backward(const gli_call *call) {
    const gli_conv_geom *g = call->geom;
    const glia_tensor *w   = call->in[GLI_CONV_DATA_W];
    plan p                 = plan_of(call, call->in[GLI_CONV_DATA_DY], call->out[0]);
    p.pad[0] = 2 - g->pad_h, p.pad[1] = 2 - g->pad_w;
    p.out_stride = w->stride[1], p.in_stride = w->stride[0];
    p.tap_stride[0] = -w->stride[2], p.tap_stride[1] = -w->stride[3];
    return p;
}

typedef struct run {
    plan plan;
    const float *x, *w, *bias;
    float *y;
    float *filters; /* transformed: [panel][point][channel of x][width] */
    float *lane;    /* of the first lane: zeros, then its transformed tiles and its sums */
    bool relu;
    atomic_bool not_finite;
} run;

static int64_t lane_floats(const plan *p) {
    return p->x.channels + GLI_WINOGRAD_POINTS * (p->next_input + p->next_sum);
}

static size_t workspace_of(const plan *p) {
    return sizeof(float) * (size_t)(GLI_WINOGRAD_POINTS * p->n_panels * p->next_filter + p->lanes * lane_floats(p));
}

/* ---- the filters ------------------------------------------------------------------------------------------------- */

/* Some channels of one panel; columns beyond the last one are 0. */
static void transform_filters(void *arg, int64_t piece, int lane) {
    (void)lane;
    const run *r           = arg;
    const plan *p          = &r->plan;
    const int width        = p->panels.width;
    const int64_t of_panel = gli_divide_up(p->x.channels, CHANNELS), panel = piece / of_panel;
    const int64_t first = piece % of_panel * CHANNELS, channels = gli_min_i64(CHANNELS, p->x.channels - first);
    const int64_t column = panel * width, columns = gli_min_i64(width, p->y.channels - column);
    float taps[CHANNELS][TAPS][GLI_GEMM_MAX_COLUMNS];
    if (columns < width) memset(taps, 0, sizeof taps);
    for (int64_t j = 0; j < columns; ++j)
        for (int64_t c = 0; c < channels; ++c)
            for (int t = 0; t < TAPS; ++t)
                taps[c][t][j] = r->w[(column + j) * p->out_stride + (first + c) * p->in_stride +
                                     t / 3 * p->tap_stride[0] + t % 3 * p->tap_stride[1]];
    for (int64_t c = 0; c < channels; ++c) {
        const float *w[TAPS];
        for (int t = 0; t < TAPS; ++t) w[t] = taps[c][t];
        gli_winograd_filter(w, width, r->filters + panel * GLI_WINOGRAD_POINTS * p->next_filter + (first + c) * width,
                            p->next_filter);
    }
}

/* ---- the tiles --------------------------------------------------------------------------------------------------- */

typedef struct task {
    const run *run;
    int64_t first, count; /* tiles */
    float *zeros, *inputs, *sums;
} task;

static void transform_inputs(const task *t) {
    const plan *p = &t->run->plan;
    const float *x[GLI_WINOGRAD_POINTS];
    memset(t->zeros, 0, (size_t)p->x.channels * sizeof *t->zeros);
    for (int64_t i = 0; i < t->count; ++i) {
        gli_winograd_window(&p->x, &p->tiles, t->first + i, p->pad, 4, t->run->x, t->zeros, x);
        gli_winograd_input(x, p->x.channels, t->inputs + i * p->x.channels, p->next_input);
    }
}

/* All tiles at one point, with one panel. */
static void multiply(const task *t, const float *inputs, const float *panel, float *sums) {
    const plan *p  = &t->run->plan;
    const int rows = p->kernel->rows;
    for (int64_t channel = 0; channel < p->x.channels; channel += GLI_GEMM_BLOCK)
        for (int64_t first = 0; first < t->count; first += rows) {
            gli_gemm_segment s = {.first = channel, .count = gli_min_i64(GLI_GEMM_BLOCK, p->x.channels - channel)};
            for (int i = 0; i < rows; ++i)
                s.row[i] = inputs + gli_min_i64(first + i, t->count - 1) * p->x.channels + channel;
            p->kernel->tile[1](&s, 1, 1, panel, p->panels.width, channel == 0, sums + first * p->panels.width);
        }
}

/* The results of one panel that lie in the image; the others go to `nowhere`. */
static void transform_sums(const task *t, const float *sums, int64_t column, float *check) {
    const plan *p       = &t->run->plan;
    const int64_t count = gli_min_i64(p->panels.width, p->y.channels - column);
    const int no_pad[2] = {0, 0};
    float nowhere[GLI_GEMM_MAX_COLUMNS];
    for (int64_t i = 0; i < t->count; ++i) {
        const float *y[4];
        float *to[4];
        gli_winograd_window(&p->y, &p->tiles, t->first + i, no_pad, 2, t->run->y, NULL, y);
        for (int k = 0; k < 4; ++k) to[k] = y[k] ? (float *)y[k] + column : nowhere;
        gli_winograd_output(sums + i * p->panels.width, p->next_sum, count, t->run->bias ? t->run->bias + column : NULL,
                            t->run->relu, to, check);
    }
}

static void run_task(void *arg, int64_t piece, int lane) {
    run *r                 = arg;
    const plan *p          = &r->plan;
    const int64_t of_panel = p->block * p->panels.width, begin = piece % p->ranges * p->of_range;
    const int64_t end = gli_min_i64(begin + p->of_range, p->n_panels);
    task t            = {.run = r, .first = piece / p->ranges * p->block, .zeros = r->lane + lane * lane_floats(p)};
    t.count           = gli_min_i64(p->block, p->tiles.count - t.first);
    t.inputs          = t.zeros + p->x.channels;
    t.sums            = t.inputs + GLI_WINOGRAD_POINTS * p->next_input;
    float check[GLI_GEMM_MAX_COLUMNS] = {0}, sum = 0;
    transform_inputs(&t);
    for (int64_t first = begin; first < end; first += PANELS) {
        const int64_t last = gli_min_i64(first + PANELS, end);
        for (int point = 0; point < GLI_WINOGRAD_POINTS; ++point)
            for (int64_t k = first; k < last; ++k)
                multiply(&t, t.inputs + point * p->next_input,
                         r->filters + (k * GLI_WINOGRAD_POINTS + point) * p->next_filter,
                         t.sums + point * p->next_sum + (k - first) * of_panel);
        for (int64_t k = first; k < last; ++k)
            transform_sums(&t, t.sums + (k - first) * of_panel, k * p->panels.width, check);
    }
    for (int k = 0; k < p->panels.width; ++k) sum += check[k];
    if (isnan(sum)) r->not_finite = true;
}

/* ---- providers --------------------------------------------------------------------------------------------------- */

/* An infinity in a tile makes NaN of its neighbours' sums: then the direct sums decide. */
static glia_status run_plan(const gli_call *call, const plan *p, const gli_provider *direct, run *r, void *workspace) {
    r->plan               = *p;
    r->filters            = workspace;
    r->lane               = r->filters + GLI_WINOGRAD_POINTS * p->n_panels * p->next_filter;
    const int64_t filters = p->n_panels * gli_divide_up(p->x.channels, CHANNELS);
    gli_team_run(call->ctx->team, &(gli_job){transform_filters, r, filters});
    gli_team_run(call->ctx->team, &(gli_job){run_task, r, p->blocks * p->ranges});
    return r->not_finite ? direct->run(call, NULL, workspace) : GLIA_OK;
}

static glia_status prepare_plan(const gli_call *call, const plan *p, const gli_provider *direct, gli_prepared *out) {
    GLI_TRY(direct->prepare(call, out));
    out->workspace = (size_t)gli_max_i64((int64_t)out->workspace, (int64_t)workspace_of(p));
    return GLIA_OK;
}

/* With fewer, the transforms cost more than the multiplications that they save. */
static const char *decline_plan(const gli_call *call, const plan *p) {
    enum { FEWEST_CHANNELS = 64, FEWEST_TILES = 256 };
    const gli_convolution_image *y = &p->y;
    const int64_t pixels           = call->out[0]->dim[0] * y->rows * y->columns;
    const char *reason             = gli_winograd_decline(call->geom, &p->tiles, pixels);
    if (reason) return reason;
    if (p->x.channels < FEWEST_CHANNELS) return "its sums run over fewer than 64 channels";
    return p->tiles.count < FEWEST_TILES ? "it has fewer than 256 tiles of 2 x 2 pixels" : NULL;
}

static const char *decline(const gli_call *call) {
    const plan p            = forward(call);
    const glia_tensor *bias = call->n_in > GLI_CONV_BIAS ? call->in[GLI_CONV_BIAS] : NULL;
    const char *reason      = decline_plan(call, &p);
    if (!reason && bias && bias->stride[0] != 1) reason = "its bias has gaps";
    return reason ? reason : gli_conv2d_native.decline(call);
}

static const char *decline_data(const gli_call *call) {
    const plan p       = backward(call);
    const char *reason = decline_plan(call, &p);
    return reason ? reason : gli_conv2d_backward_data_native.decline(call);
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const plan p = forward(call);
    return prepare_plan(call, &p, &gli_conv2d_native, out);
}

static glia_status prepare_data(const gli_call *call, gli_prepared *out) {
    const plan p = backward(call);
    return prepare_plan(call, &p, &gli_conv2d_backward_data_native, out);
}

static glia_status run_forward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    const gli_conv_geom *g = call->geom;
    const plan p           = forward(call);
    run r                  = {.x    = gli_in_floats(call, GLI_CONV_X),
                              .w    = gli_in_floats(call, GLI_CONV_W),
                              .bias = gli_in_floats(call, GLI_CONV_BIAS),
                              .y    = gli_out_floats(call, 0),
                              .relu = g->activation == GLIA_UNARY_RELU};
    GLI_TRY(run_plan(call, &p, &gli_conv2d_native, &r, workspace));
    if (!r.not_finite && !r.relu && g->activation != GLIA_UNARY_LINEAR)
        gli_activate_tensor(call->ctx, g->activation, call->out[0]);
    return GLIA_OK;
}

static glia_status run_data(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    const plan p = backward(call);
    run r        = {.x = gli_in_floats(call, GLI_CONV_DATA_DY),
                    .w = gli_in_floats(call, GLI_CONV_DATA_W),
                    .y = gli_out_floats(call, 0)};
    r.w -= 2 * (p.tap_stride[0] + p.tap_stride[1]);
    return run_plan(call, &p, &gli_conv2d_backward_data_native, &r, workspace);
}

const gli_provider gli_conv2d_winograd               = {.name    = "cpu.winograd",
                                                        .accepts = GLI_ACCEPTS_WINOGRAD,
                                                        .decline = decline,
                                                        .prepare = prepare,
                                                        .run     = run_forward};
const gli_provider gli_conv2d_backward_data_winograd = {.name    = "cpu.winograd",
                                                        .accepts = GLI_ACCEPTS_WINOGRAD,
                                                        .decline = decline_data,
                                                        .prepare = prepare_data,
                                                        .run     = run_data};
