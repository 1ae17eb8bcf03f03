/* Batch normalisation of f32 at the speed of memory. Sums are made by chunk, a range of rows or a plane, then over the
 * chunks in order: the bits are the same for any number of threads. A forward pass reads x twice, a backward pass x and
 * dy twice. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/provider.h"
#include "core/size.h"
#include "cpu/native/images.h"
#include "cpu/native/norm/batchnorm_work.h"
#include "cpu/native/sums.h"
#include "cpu/native/vectorize.h"

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_batchnorm_work w = gli_batchnorm_work_of(call);
    const size_t sums          = gli_batchnorm_sums(&w);
    const size_t count         = (w.planes ? 0 : 3 * sums) + 4 * (size_t)w.g->c;
    out->workspace             = 2 * sums * sizeof(double) + count * sizeof(float);
    return GLIA_OK;
}

static void store(const gli_call *call, int i, int c, double value) {
    if (call->out[i]) ((float *)call->out[i]->data)[c] = (float)value;
}

/* ---- Forward ----------------------------------------------------------------------------------------------------- */

static void row_moments(void *arg, int64_t begin, int64_t end) {
    const gli_batchnorm_work *w = arg;
    const int64_t c = w->g->c, chunk = begin / w->rows_per_chunk * c;
    gli_moments_of_rows(w->x + begin * c, end - begin, (int)c, w->scratch + 3 * chunk, w->sum + chunk,
                        w->square + chunk);
}

static void plane_moments(void *arg, int64_t begin, int64_t end) {
    const gli_batchnorm_work *w = arg;
    for (int64_t plane = begin; plane < end; ++plane) {
        const gli_moments m = gli_moments_of_run(w->x + plane * w->g->area, w->g->area);
        w->sum[plane] = m.mean, w->square[plane] = m.m2;
    }
}

static gli_moments moments_of_channel(const gli_batchnorm_work *w, int c) {
    gli_moments all = {0};
    for (int64_t chunk = 0; chunk < w->chunks; ++chunk) {
        const int64_t rows =
            w->planes ? w->g->area : gli_min_i64(w->rows_per_chunk, w->rows - chunk * w->rows_per_chunk);
        const int64_t i = chunk * w->g->c + c;
        gli_moments_merge(&all, (gli_moments){.count = (double)rows, .mean = w->sum[i], .m2 = w->square[i]});
    }
    return all;
}

static double variance_of(gli_moments m) {
    return m.m2 > 0 || isnan(m.m2) ? m.m2 / m.count : 0; /* rounding may leave m2 below zero */
}

/* Whether rstd is a normal float in every channel, below which it would be 0, and weight rstd a finite one. */
static bool finish_statistics(const gli_call *call, gli_batchnorm_work *w) {
    bool normal                 = true;
    const gli_batchnorm_geom *g = w->g;
    const float *weight = gli_in_floats(call, GLI_NORM_WEIGHT), *bias = gli_in_floats(call, GLI_NORM_BIAS);
    const float *old_mean = gli_in_floats(call, GLI_BATCHNORM_RUNNING_MEAN),
                *old_var  = gli_in_floats(call, GLI_BATCHNORM_RUNNING_VAR);
    for (int c = 0; c < g->c; ++c) {
        const gli_moments m    = moments_of_channel(w, c);
        const double var       = variance_of(m);
        const double rstd      = 1 / sqrt(var + g->epsilon);
        const double batch_var = g->population ? var : var * m.count / (m.count - 1);
        w->mean[c]             = (float)m.mean;
        w->scale[c]            = (float)((weight ? weight[c] : 1) * rstd);
        w->shift[c]            = (float)((bias ? bias[c] : 0) + ((double)w->mean[c] - m.mean) * w->scale[c]);
        store(call, GLI_NORM_MEAN, c, m.mean);
        store(call, GLI_NORM_RSTD, c, rstd);
        store(call, GLI_BATCHNORM_NEW_RUNNING_MEAN, c,
              (1 - g->momentum) * (old_mean ? old_mean[c] : 0) + g->momentum * m.mean);
        store(call, GLI_BATCHNORM_NEW_RUNNING_VAR, c,
              (1 - g->momentum) * (old_var ? old_var[c] : 1) + g->momentum * batch_var);
        normal = normal && !(rstd < FLT_MIN) && isfinite(w->scale[c]);
    }
    return normal;
}

static int64_t index_in_channel(const gli_batchnorm_work *w, int c, int64_t i) {
    const int area = w->g->area;
    return w->planes ? (i / area * w->g->c + c) * area + i % area : i * w->g->c + c;
}

static void normalise_in_double(const gli_call *call, const gli_batchnorm_work *w) {
    const float *weight = gli_in_floats(call, GLI_NORM_WEIGHT), *bias = gli_in_floats(call, GLI_NORM_BIAS);
    for (int c = 0; c < w->g->c; ++c) {
        const gli_moments m = moments_of_channel(w, c);
        const double rstd   = 1 / sqrt(variance_of(m) + w->g->epsilon);
        for (int64_t i = 0; i < w->rows; ++i) {
            const int64_t k = index_in_channel(w, c, i);
            const double y  = (w->x[k] - m.mean) * rstd * (weight ? weight[c] : 1) + (bias ? bias[c] : 0) +
                             (w->residual ? w->residual[k] : 0);
            w->out[k] = w->g->activation == GLIA_UNARY_RELU && y <= 0 ? 0 : (float)y;
        }
    }
}

static glia_status run_forward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    gli_batchnorm_work w = gli_batchnorm_work_of(call);
    gli_batchnorm_assign_workspace(&w, workspace);
    w.x = gli_in_floats(call, GLI_NORM_X), w.out = gli_out_floats(call, GLI_NORM_Y);
    w.residual = gli_in_floats(call, GLI_BATCHNORM_RESIDUAL);
    gli_batchnorm_run(call, &w, w.rows_per_chunk, row_moments, plane_moments);
    if (finish_statistics(call, &w))
        gli_batchnorm_normalise(call, &w);
    else
        normalise_in_double(call, &w);
    return GLIA_OK;
}

/* ---- Backward ---------------------------------------------------------------------------------------------------- */

/* The gradient before the activation, `count` elements from `first` on, while they are in the cache. */
GLI_CLONES static const float *gradient_of_sum(const gli_batchnorm_work *w, int64_t first, int64_t count) {
    const float *dy = w->dy + first, *dy2 = w->dy2 ? w->dy2 + first : NULL;
    if (!w->dsum) return dy;
    float *dsum = w->dsum + first; /* may be dy or dy2 */
    if (dy2) {
        GLI_IVDEP
        for (int64_t i = 0; i < count; ++i) dsum[i] = dy[i] + dy2[i];
        dy = dsum;
    }
    if (w->g->activation == GLIA_UNARY_LINEAR) return dy == dsum ? dsum : memcpy(dsum, dy, (size_t)count * sizeof *dy);
    const float *y = w->y + first;
    GLI_IVDEP
    for (int64_t i = 0; i < count; ++i) dsum[i] = y[i] <= 0 ? 0 : dy[i];
    return dsum;
}

static void row_products(void *arg, int64_t begin, int64_t end) {
    const gli_batchnorm_work *w = arg;
    const int64_t c = w->g->c, chunk = begin / w->rows_per_chunk * c;
    gli_products_of_rows(gradient_of_sum(w, begin * c, (end - begin) * c), w->x + begin * c, w->mean, w->rstd,
                         end - begin, (int)c, w->scratch + 3 * chunk, w->sum + chunk, w->square + chunk);
}

static void plane_products(void *arg, int64_t begin, int64_t end) {
    const gli_batchnorm_work *w = arg;
    for (int64_t plane = begin; plane < end; ++plane) {
        const int64_t first = plane * w->g->area, c = plane % w->g->c;
        const float *dsum    = gradient_of_sum(w, first, w->g->area);
        const gli_products p = gli_products_of_run(dsum, w->x + first, w->mean[c], w->rstd[c], w->g->area);
        w->sum[plane] = p.a, w->square[plane] = p.ax;
    }
}

static void gradient_rows(void *arg, int64_t begin, int64_t end) {
    const gli_batchnorm_work *w = arg;
    const int c                 = w->g->c;
    const float *mean = w->mean, *rstd = w->rstd, *scale = w->scale, *shift = w->shift, *slope = w->slope;
    for (int64_t row = begin; row < end; ++row) {
        const float *x = w->x + row * c, *dy = w->dy + row * c;
        float *dx = w->out + row * c; /* may be dy */
        GLI_IVDEP
        for (int i = 0; i < c; ++i) dx[i] = scale[i] * (dy[i] - shift[i] - (x[i] - mean[i]) * rstd[i] * slope[i]);
    }
}

static void gradient_planes(void *arg, int64_t begin, int64_t end) {
    const gli_batchnorm_work *w = arg;
    const int area              = w->g->area;
    for (int64_t plane = begin; plane < end; ++plane) {
        const int64_t c  = plane % w->g->c;
        const float mean = w->mean[c], rstd = w->rstd[c];
        const float scale = w->scale[c], shift = w->shift[c], slope = w->slope[c];
        const float *x = w->x + plane * area, *dy = w->dy + plane * area;
        float *dx = w->out + plane * area;
        GLI_IVDEP
        for (int i = 0; i < area; ++i) dx[i] = scale * (dy[i] - shift - (x[i] - mean) * rstd * slope);
    }
}

static void finish_sums(const gli_call *call, gli_batchnorm_work *w) {
    const float *weight = gli_in_floats(call, GLI_NORM_BACK_WEIGHT);
    const double count  = (double)w->rows;
    for (int c = 0; c < w->g->c; ++c) {
        double dbias = 0, dweight = 0;
        for (int64_t chunk = 0; chunk < w->chunks; ++chunk) {
            dbias += w->sum[chunk * w->g->c + c];
            dweight += w->square[chunk * w->g->c + c];
        }
        w->scale[c] = (weight ? weight[c] : 1) * w->rstd[c];
        w->shift[c] = (float)(dbias / count);
        w->slope[c] = (float)(dweight / count);
        store(call, GLI_NORM_BACK_DWEIGHT, c, dweight);
        store(call, GLI_NORM_BACK_DBIAS, c, dbias);
    }
}

static glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    const float *mean    = gli_in_floats(call, GLI_NORM_BACK_MEAN);
    gli_batchnorm_work w = gli_batchnorm_work_of(call);
    gli_batchnorm_assign_workspace(&w, workspace);
    w.x = gli_in_floats(call, GLI_NORM_BACK_X), w.dy = gli_in_floats(call, GLI_NORM_BACK_DY);
    w.rstd = gli_in_floats(call, GLI_NORM_BACK_RSTD);
    w.out  = gli_out_floats(call, GLI_NORM_BACK_DX);
    w.y    = gli_in_floats(call, GLI_BATCHNORM_BACK_Y);
    w.dsum = gli_out_floats(call, GLI_BATCHNORM_BACK_DRESIDUAL);
    w.dy2  = gli_in_floats(call, GLI_BATCHNORM_BACK_DY2);
    if (!w.dsum && (w.dy2 || w.g->activation != GLIA_UNARY_LINEAR)) w.dsum = w.out;
    for (int c = 0; c < w.g->c; ++c) w.mean[c] = mean[c];
    gli_batchnorm_run(call, &w, w.rows_per_chunk, row_products, plane_products);
    finish_sums(call, &w);
    if (w.dsum) w.dy = w.dsum;
    gli_batchnorm_run(call, &w, gli_batchnorm_elementwise_rows(&w), gradient_rows, gradient_planes);
    return GLIA_OK;
}

const gli_provider gli_batchnorm_native          = {.name    = "cpu.native",
                                                    .accepts = GLI_ACCEPTS_IMAGES,
                                                    .decline = gli_batchnorm_decline_activation,
                                                    .prepare = prepare,
                                                    .run     = run_forward};
const gli_provider gli_batchnorm_backward_native = {.name    = "cpu.native",
                                                    .accepts = GLI_ACCEPTS_IMAGES,
                                                    .decline = gli_batchnorm_decline_activation,
                                                    .prepare = prepare,
                                                    .run     = run_backward};
