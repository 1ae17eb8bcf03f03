/* layernorm of f32, row by row: a row is read from memory once and then from the cache. The gradients of weight and
 * bias are summed by chunk of rows, then over the chunks in order: the same bits for any number of threads. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/parallel.h"
#include "core/size.h"
#include "cpu/native/call_floats.h"
#include "cpu/native/vectorize.h"
#include "cpu/native/sums.h"
#include "ops/norm/layernorm_geom.h"

enum { MAX_CHUNKS = 64, CHUNK_ELEMENTS = 16384, RUN = 64 }; /* RUN: rows that are added as floats */

typedef struct forward {
    const gli_layernorm_geom *g;
    const float *x, *weight, *bias;
    float *y, *mean, *rstd;
} forward;

/* rest: what the mean is above its float, times -rstd. A large mean would round away what is above it. */
GLI_CLONES static void layernorm_row(const forward *f, const float *x, float mean, float rest, float rstd, float *y) {
    const int size      = f->g->size;
    const float *weight = f->weight, *bias = f->bias;
    if (weight && bias) {
        for (int i = 0; i < size; ++i) y[i] = ((x[i] - mean) * rstd + rest) * weight[i] + bias[i];
        return;
    }
    for (int i = 0; i < size; ++i) y[i] = (x[i] - mean) * rstd + rest;
    if (weight)
        for (int i = 0; i < size; ++i) y[i] *= weight[i];
    if (bias)
        for (int i = 0; i < size; ++i) y[i] += bias[i];
}

/* Where rstd is below the smallest normal float, which would be 0. */
static void layernorm_row_in_double(const forward *f, const float *x, double mean, double rstd, float *y) {
    for (int i = 0; i < f->g->size; ++i)
        y[i] = (float)((x[i] - mean) * rstd * (f->weight ? f->weight[i] : 1) + (f->bias ? f->bias[i] : 0));
}

static void normalise(void *arg, int64_t begin, int64_t end) {
    const forward *f = arg;
    for (int64_t row = begin; row < end; ++row) {
        const float *x      = f->x + row * f->g->size;
        float *y            = f->y + row * f->g->size;
        const gli_moments m = gli_moments_of_run(x, f->g->size);
        const double var    = m.m2 > 0 || isnan(m.m2) ? m.m2 / m.count : 0; /* rounding may leave it below zero */
        const double exact  = 1 / sqrt(var + f->g->epsilon);
        const float mean = (float)m.mean, rstd = (float)exact;
        if (exact < FLT_MIN)
            layernorm_row_in_double(f, x, m.mean, exact, y);
        else
            layernorm_row(f, x, mean, (float)(((double)mean - m.mean) * rstd), rstd, y);
        if (f->mean) f->mean[row] = mean;
        if (f->rstd) f->rstd[row] = rstd;
    }
}

static glia_status run_forward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    forward f = {.g      = call->geom,
                 .x      = gli_in_floats(call, GLI_NORM_X),
                 .weight = gli_in_floats(call, GLI_NORM_WEIGHT),
                 .bias   = gli_in_floats(call, GLI_NORM_BIAS),
                 .y      = gli_out_floats(call, GLI_NORM_Y),
                 .mean   = gli_out_floats(call, GLI_NORM_MEAN),
                 .rstd   = gli_out_floats(call, GLI_NORM_RSTD)};
    gli_parallel(call->ctx, f.g->rows, gli_max_i64(1, CHUNK_ELEMENTS / f.g->size), normalise, &f);
    return GLIA_OK;
}

typedef struct backward {
    const gli_layernorm_geom *g;
    int64_t rows_per_chunk;
    const float *x, *dy, *weight, *mean, *rstd;
    float *dx;
    double *sum;     /* [chunks,2,size]: of dweight and of dbias */
    float *run;      /* the same of a run of rows */
    float *gradient; /* [chunks,size]: weight dy of one row */
} backward;

GLI_CLONES static void layernorm_backward_row(const backward *b, int64_t row, float *restrict gradient,
                                              float *restrict dweight, float *restrict dbias) {
    const int size = b->g->size;
    const float *x = b->x + row * size, *dy = b->dy + row * size;
    float *dx        = b->dx + row * size;
    const float mean = b->mean[row], rstd = b->rstd[row];
    for (int i = 0; i < size; ++i) {
        dweight[i] += dy[i] * ((x[i] - mean) * rstd);
        dbias[i] += dy[i];
    }
    if (b->weight)
        for (int i = 0; i < size; ++i) gradient[i] = dy[i] * b->weight[i];
    else
        memcpy(gradient, dy, (size_t)size * sizeof *gradient);
    const gli_products sums = gli_products_of_run(gradient, x, mean, rstd, size);
    const float shift = (float)(sums.a / size), slope = (float)(sums.ax / size);
    for (int i = 0; i < size; ++i) dx[i] = rstd * (gradient[i] - shift - (x[i] - mean) * rstd * slope);
}

static void gradients(void *arg, int64_t begin, int64_t end) {
    const backward *b  = arg;
    const int64_t size = b->g->size, chunk = begin / b->rows_per_chunk * size;
    double *sum = b->sum + 2 * chunk;
    float *run  = b->run + 2 * chunk;
    memset(sum, 0, 2 * (size_t)size * sizeof *sum);
    for (int64_t first = begin; first < end; first += RUN) {
        memset(run, 0, 2 * (size_t)size * sizeof *run);
        for (int64_t row = first; row < gli_min_i64(first + RUN, end); ++row)
            layernorm_backward_row(b, row, b->gradient + chunk, run, run + size);
        for (int64_t i = 0; i < 2 * size; ++i) sum[i] += run[i];
    }
}

static int64_t rows_per_chunk_of(const gli_layernorm_geom *g) {
    return gli_max_i64(gli_max_i64(1, CHUNK_ELEMENTS / g->size), (g->rows + MAX_CHUNKS - 1) / MAX_CHUNKS);
}

static int64_t chunks_of(const gli_layernorm_geom *g) {
    return (g->rows + rows_per_chunk_of(g) - 1) / rows_per_chunk_of(g);
}

static glia_status prepare_backward(const gli_call *call, gli_prepared *out) {
    const gli_layernorm_geom *g = call->geom;
    out->workspace              = (size_t)chunks_of(g) * (size_t)g->size * (2 * sizeof(double) + 3 * sizeof(float));
    return GLIA_OK;
}

/* which: 0 dweight, 1 dbias. */
static void add_chunks(const backward *b, int which, float *out) {
    const int64_t size = b->g->size;
    for (int64_t i = 0; out && i < size; ++i) {
        double sum = 0;
        for (int64_t p = 0; p < chunks_of(b->g); ++p) sum += b->sum[(2 * p + which) * size + i];
        out[i] = (float)sum;
    }
}

static glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    backward b          = {.g      = call->geom,
                           .x      = gli_in_floats(call, GLI_NORM_BACK_X),
                           .dy     = gli_in_floats(call, GLI_NORM_BACK_DY),
                           .weight = gli_in_floats(call, GLI_NORM_BACK_WEIGHT),
                           .mean   = gli_in_floats(call, GLI_NORM_BACK_MEAN),
                           .rstd   = gli_in_floats(call, GLI_NORM_BACK_RSTD),
                           .dx     = gli_out_floats(call, GLI_NORM_BACK_DX)};
    const int64_t count = chunks_of(b.g) * b.g->size;
    b.rows_per_chunk    = rows_per_chunk_of(b.g);
    b.sum               = workspace;
    b.run               = gli_data_at(b.sum, (size_t)(2 * count) * sizeof *b.sum);
    b.gradient          = gli_data_at(b.run, (size_t)(2 * count) * sizeof *b.run);
    gli_parallel(call->ctx, b.g->rows, b.rows_per_chunk, gradients, &b);
    add_chunks(&b, 0, gli_out_floats(call, GLI_NORM_BACK_DWEIGHT));
    add_chunks(&b, 1, gli_out_floats(call, GLI_NORM_BACK_DBIAS));
    return GLIA_OK;
}

const gli_provider gli_layernorm_native = {
    .name = "cpu.native", .accepts = {GLI_TAKES_F32, GLI_ROW_MAJOR}, .run = run_forward};
const gli_provider gli_layernorm_backward_native = {
    .name = "cpu.native", .accepts = {GLI_TAKES_F32, GLI_ROW_MAJOR}, .prepare = prepare_backward, .run = run_backward};
