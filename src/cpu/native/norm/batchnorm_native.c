/* Batch normalisation of f32 at the speed of memory. Images are rows of C channels (channels last) or planes of one
 * channel (dense). Sums are made by piece, a piece being a run of rows or a plane, and the pieces are added in their
 * order: the bits are the same for any number of threads. A forward reads x twice, a backward x and dy twice. */
#include <math.h>

#include "core/parallel.h"
#include "core/provider.h"
#include "core/size.h"
#include "cpu/native/images.h"
#include "cpu/native/sums.h"
#include "ops/norm/batchnorm_geom.h"

enum { PIECES = 64, RUN = 16384 }; /* pieces of the rows; elements of a run of elementwise work */

/* How a call is cut, and its workspace: two sums [pieces,c], scratch for each piece, then vectors [c]. */
typedef struct work {
    const gli_batchnorm_geom *g;
    bool planes;
    int64_t rows, grain; /* channels last: n * area, cut in pieces of grain rows */
    int64_t pieces;      /* that each channel has */
    double *sum, *square;
    float *scratch, *mean, *scale, *shift, *slope;
    const float *x, *dy, *residual;
    float *out;
} work;

static work work_of(const gli_call *call) {
    work w              = {.g = call->geom, .planes = gli_images_in_planes(call)};
    w.rows              = (int64_t)w.g->n * w.g->area;
    const int64_t block = gli_rows_of_block(w.g->c), blocks = (w.rows + block - 1) / block;
    w.grain  = block * gli_max_i64(1, (blocks + PIECES - 1) / PIECES);
    w.pieces = w.planes ? w.g->n : (w.rows + w.grain - 1) / w.grain;
    return w;
}

static size_t sums_of(const work *w) { return (size_t)w->pieces * (size_t)w->g->c; }

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const work w       = work_of(call);
    const size_t sums  = sums_of(&w);
    const size_t count = (w.planes ? 0 : 3 * sums) + 4 * (size_t)w.g->c;
    out->workspace     = 2 * sums * sizeof(double) + count * sizeof(float);
    return GLIA_OK;
}

static void place(work *w, void *workspace) {
    const size_t c = (size_t)w->g->c, sums = sums_of(w);
    w->sum     = workspace;
    w->square  = w->sum + sums;
    w->mean    = (float *)(w->square + sums);
    w->scale   = w->mean + c;
    w->shift   = w->scale + c;
    w->slope   = w->shift + c;
    w->scratch = w->slope + c;
}

static const float *vector(const gli_call *call, int i) {
    return i < call->n_in && call->in[i] ? call->in[i]->data : NULL;
}

static void put(const gli_call *call, int i, int c, double value) {
    if (call->out[i]) ((float *)call->out[i]->data)[c] = (float)value;
}

/* Runs one of two bodies: over the rows, cut by grain, or over all planes. */
typedef void body(void *arg, int64_t begin, int64_t end);

static void spread(const gli_call *call, work *w, int64_t grain, body *over_rows, body *over_planes) {
    const int64_t planes = (int64_t)w->g->n * w->g->c;
    if (w->planes)
        gli_parallel(call->ctx, planes, gli_max_i64(1, RUN / w->g->area), over_planes, w);
    else
        gli_parallel(call->ctx, w->rows, grain, over_rows, w);
}

static int64_t run_of_rows(const work *w) { return gli_max_i64(1, RUN / w->g->c); }

/* ---- Forward ----------------------------------------------------------------------------------------------------- */

static void row_moments(void *arg, int64_t begin, int64_t end) {
    const work *w   = arg;
    const int64_t c = w->g->c, at = begin / w->grain * c;
    gli_moments_of_rows(w->x + begin * c, end - begin, (int)c, w->scratch + 3 * at, w->sum + at, w->square + at);
}

static void plane_moments(void *arg, int64_t begin, int64_t end) {
    const work *w = arg;
    for (int64_t plane = begin; plane < end; ++plane) {
        const gli_moments m = gli_moments_of_run(w->x + plane * w->g->area, w->g->area);
        w->sum[plane] = m.mean, w->square[plane] = m.m2;
    }
}

/* What comes after the normalisation, for `count` elements from `first` on, which are still in the cache. */
static void finish(const work *w, int64_t first, int count) {
    float *y              = w->out + first;
    const float *residual = w->residual ? w->residual + first : NULL;
    for (int i = 0; residual && i < count; ++i) y[i] += residual[i];
    for (int i = 0; w->g->activation == GLIA_RELU && i < count; ++i) y[i] = y[i] <= 0 ? 0 : y[i]; /* NaN stays NaN */
}

static void normalise_rows(void *arg, int64_t begin, int64_t end) {
    const work *w     = arg;
    const int c       = w->g->c;
    const float *mean = w->mean, *scale = w->scale, *shift = w->shift;
    for (int64_t row = begin; row < end; ++row) {
        const float *x = w->x + row * c;
        float *y       = w->out + row * c;
        for (int i = 0; i < c; ++i) y[i] = (x[i] - mean[i]) * scale[i] + shift[i];
        finish(w, row * c, c);
    }
}

static void normalise_planes(void *arg, int64_t begin, int64_t end) {
    const work *w  = arg;
    const int area = w->g->area;
    for (int64_t plane = begin; plane < end; ++plane) {
        const int64_t c  = plane % w->g->c;
        const float mean = w->mean[c], scale = w->scale[c], shift = w->shift[c];
        const float *x = w->x + plane * area;
        float *y       = w->out + plane * area;
        for (int i = 0; i < area; ++i) y[i] = (x[i] - mean) * scale + shift;
        finish(w, plane * area, area);
    }
}

static gli_moments moments_of_channel(const work *w, int c) {
    gli_moments all = {0};
    for (int64_t piece = 0; piece < w->pieces; ++piece) {
        const int64_t rows = w->planes ? w->g->area : gli_min_i64(w->grain, w->rows - piece * w->grain);
        const int64_t at   = piece * w->g->c + c;
        gli_moments_merge(&all, (gli_moments){.count = (double)rows, .mean = w->sum[at], .m2 = w->square[at]});
    }
    return all;
}

static void set_vectors(const gli_call *call, work *w) {
    const gli_batchnorm_geom *g = w->g;
    const float *weight = vector(call, GLI_NORM_WEIGHT), *bias = vector(call, GLI_NORM_BIAS);
    const float *old_mean = vector(call, GLI_BATCHNORM_RUNNING_MEAN),
                *old_var  = vector(call, GLI_BATCHNORM_RUNNING_VAR);
    for (int c = 0; c < g->c; ++c) {
        const gli_moments m   = moments_of_channel(w, c);
        const double var      = m.m2 > 0 || isnan(m.m2) ? m.m2 / m.count : 0; /* rounding may leave it below zero */
        const double rstd     = 1 / sqrt(var + g->epsilon);
        const double seen_var = g->population ? var : var * m.count / (m.count - 1);
        w->mean[c]            = (float)m.mean;
        w->scale[c]           = (float)((weight ? weight[c] : 1) * rstd);
        w->shift[c]           = bias ? bias[c] : 0;
        put(call, GLI_NORM_MEAN, c, m.mean);
        put(call, GLI_NORM_RSTD, c, rstd);
        put(call, GLI_BATCHNORM_NEW_RUNNING_MEAN, c,
            (1 - g->momentum) * (old_mean ? old_mean[c] : 0) + g->momentum * m.mean);
        put(call, GLI_BATCHNORM_NEW_RUNNING_VAR, c,
            (1 - g->momentum) * (old_var ? old_var[c] : 1) + g->momentum * seen_var);
    }
}

static const glia_tensor *residual_of(const gli_call *call) {
    return call->n_in > GLI_BATCHNORM_RESIDUAL ? call->in[GLI_BATCHNORM_RESIDUAL] : NULL;
}

static const char *decline_forward(const gli_call *call) {
    const gli_batchnorm_geom *g = call->geom;
    return g->activation == GLIA_LINEAR || g->activation == GLIA_RELU ? NULL : "no activation but relu";
}

static glia_status run_forward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    work w = work_of(call);
    place(&w, workspace);
    w.x = call->in[GLI_NORM_X]->data, w.out = call->out[GLI_NORM_Y]->data;
    if (residual_of(call)) w.residual = residual_of(call)->data;
    spread(call, &w, w.grain, row_moments, plane_moments);
    set_vectors(call, &w);
    spread(call, &w, run_of_rows(&w), normalise_rows, normalise_planes);
    return GLIA_OK;
}

/* ---- Inference --------------------------------------------------------------------------------------------------- */

static glia_status prepare_inference(const gli_call *call, gli_prepared *out) {
    const gli_batchnorm_geom *g = call->geom;
    out->workspace              = 4 * (size_t)g->c * sizeof(float);
    return GLIA_OK;
}

static glia_status run_inference(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    const float *weight = vector(call, GLI_NORM_WEIGHT), *bias = vector(call, GLI_NORM_BIAS);
    const float *mean = vector(call, GLI_INFERENCE_MEAN), *var = vector(call, GLI_INFERENCE_VAR);
    work w   = work_of(call);
    w.pieces = 0; /* no sums */
    place(&w, workspace);
    w.x = call->in[GLI_NORM_X]->data, w.out = call->out[GLI_NORM_Y]->data;
    for (int c = 0; c < w.g->c; ++c) {
        w.mean[c]  = mean[c];
        w.scale[c] = (float)((weight ? weight[c] : 1) / sqrt(var[c] + w.g->epsilon));
        w.shift[c] = bias ? bias[c] : 0;
    }
    spread(call, &w, run_of_rows(&w), normalise_rows, normalise_planes);
    return GLIA_OK;
}

/* ---- Backward ---------------------------------------------------------------------------------------------------- */

static void row_products(void *arg, int64_t begin, int64_t end) {
    const work *w   = arg;
    const int64_t c = w->g->c, at = begin / w->grain * c;
    gli_products_of_rows(w->dy + begin * c, w->x + begin * c, w->mean, end - begin, (int)c, w->scratch + 3 * at,
                         w->sum + at, w->square + at);
}

static void plane_products(void *arg, int64_t begin, int64_t end) {
    const work *w = arg;
    for (int64_t plane = begin; plane < end; ++plane) {
        const int64_t at     = plane * w->g->area;
        const gli_products p = gli_products_of_run(w->dy + at, w->x + at, w->mean[plane % w->g->c], w->g->area);
        w->sum[plane] = p.a, w->square[plane] = p.ax;
    }
}

static void gradient_rows(void *arg, int64_t begin, int64_t end) {
    const work *w     = arg;
    const int c       = w->g->c;
    const float *mean = w->mean, *scale = w->scale, *shift = w->shift, *slope = w->slope;
    for (int64_t row = begin; row < end; ++row) {
        const float *x = w->x + row * c, *dy = w->dy + row * c;
        float *dx = w->out + row * c;
        for (int i = 0; i < c; ++i) dx[i] = scale[i] * (dy[i] - shift[i] - (x[i] - mean[i]) * slope[i]);
    }
}

static void gradient_planes(void *arg, int64_t begin, int64_t end) {
    const work *w  = arg;
    const int area = w->g->area;
    for (int64_t plane = begin; plane < end; ++plane) {
        const int64_t c  = plane % w->g->c;
        const float mean = w->mean[c], scale = w->scale[c], shift = w->shift[c], slope = w->slope[c];
        const float *x = w->x + plane * area, *dy = w->dy + plane * area;
        float *dx = w->out + plane * area;
        for (int i = 0; i < area; ++i) dx[i] = scale * (dy[i] - shift - (x[i] - mean) * slope);
    }
}

static void set_gradients(const gli_call *call, work *w) {
    const float *weight = vector(call, GLI_NORM_BACK_WEIGHT), *rstd = vector(call, GLI_NORM_BACK_RSTD);
    const double count = (double)w->rows;
    for (int c = 0; c < w->g->c; ++c) {
        double dbias = 0, dweight = 0;
        for (int64_t piece = 0; piece < w->pieces; ++piece) {
            dbias += w->sum[piece * w->g->c + c];
            dweight += w->square[piece * w->g->c + c];
        }
        dweight *= rstd[c];
        w->scale[c] = (weight ? weight[c] : 1) * rstd[c];
        w->shift[c] = (float)(dbias / count);
        w->slope[c] = (float)(rstd[c] * dweight / count);
        put(call, GLI_NORM_BACK_DWEIGHT, c, dweight);
        put(call, GLI_NORM_BACK_DBIAS, c, dbias);
    }
}

static glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    const float *mean = vector(call, GLI_NORM_BACK_MEAN);
    work w            = work_of(call);
    place(&w, workspace);
    w.x = call->in[GLI_NORM_BACK_X]->data, w.dy = call->in[GLI_NORM_BACK_DY]->data,
    w.out = call->out[GLI_NORM_BACK_DX]->data;
    for (int c = 0; c < w.g->c; ++c) w.mean[c] = mean[c];
    spread(call, &w, w.grain, row_products, plane_products);
    set_gradients(call, &w);
    spread(call, &w, run_of_rows(&w), gradient_rows, gradient_planes);
    return GLIA_OK;
}

const gli_provider gli_batchnorm_native           = {.name    = "cpu.native",
                                                     .accepts = GLI_ACCEPTS_IMAGES,
                                                     .decline = decline_forward,
                                                     .prepare = prepare,
                                                     .run     = run_forward};
const gli_provider gli_batchnorm_inference_native = {.name    = "cpu.native",
                                                     .accepts = GLI_ACCEPTS_IMAGES,
                                                     .decline = decline_forward,
                                                     .prepare = prepare_inference,
                                                     .run     = run_inference};
const gli_provider gli_batchnorm_backward_native  = {
     .name = "cpu.native", .accepts = GLI_ACCEPTS_IMAGES, .prepare = prepare, .run = run_backward};
