/* batchnorm, batchnorm_inference and their gradients, channel by channel. */
#include "ops/norm/batchnorm_geom.h"

#include <math.h>

#include "cpu/reference/ref.h"

/* Element i of a channel: i counts samples, then places. */
static int64_t at(const glia_batchnorm_geom *g, int c, int64_t i) {
    return (i / g->area * g->c + c) * g->area + i % g->area;
}

static double or_else(const double *vector, int c, double otherwise) { return vector ? vector[c] : otherwise; }

static void batchnorm(const void *geom, const double *const *in, double *const *out) {
    const glia_batchnorm_geom *g = geom;
    const int64_t count          = (int64_t)g->n * g->area;
    const double *x              = in[NORM_X];
    for (int c = 0; c < g->c; ++c) {
        double mean = 0, var = 0;
        for (int64_t i = 0; i < count; ++i) mean += x[at(g, c, i)];
        mean /= (double)count;
        for (int64_t i = 0; i < count; ++i) var += (x[at(g, c, i)] - mean) * (x[at(g, c, i)] - mean);
        var /= (double)count;
        const double rstd   = 1 / sqrt(var + g->epsilon);
        const double weight = or_else(in[NORM_WEIGHT], c, 1), bias = or_else(in[NORM_BIAS], c, 0);
        for (int64_t i = 0; i < count; ++i) {
            const double normal      = weight * (x[at(g, c, i)] - mean) * rstd + bias;
            const double residual    = in[BATCHNORM_RESIDUAL] ? in[BATCHNORM_RESIDUAL][at(g, c, i)] : 0;
            out[NORM_Y][at(g, c, i)] = glia_ref_activate(g->activation, normal + residual);
        }
        if (out[NORM_MEAN]) out[NORM_MEAN][c] = mean;
        if (out[NORM_RSTD]) out[NORM_RSTD][c] = rstd;
        const double old_mean = or_else(in[BATCHNORM_RUNNING_MEAN], c, 0);
        const double old_var  = or_else(in[BATCHNORM_RUNNING_VAR], c, 1);
        const double seen_var = g->population ? var : var * (double)count / (double)(count - 1);
        if (out[BATCHNORM_NEW_RUNNING_MEAN])
            out[BATCHNORM_NEW_RUNNING_MEAN][c] = (1 - g->momentum) * old_mean + g->momentum * mean;
        if (out[BATCHNORM_NEW_RUNNING_VAR])
            out[BATCHNORM_NEW_RUNNING_VAR][c] = (1 - g->momentum) * old_var + g->momentum * seen_var;
    }
}

static void batchnorm_backward(const void *geom, const double *const *in, double *const *out) {
    const glia_batchnorm_geom *g = geom;
    const int64_t count          = (int64_t)g->n * g->area;
    const double *x = in[NORM_BACK_X], *dy = in[NORM_BACK_DY];
    for (int c = 0; c < g->c; ++c) {
        const double mean = in[NORM_BACK_MEAN][c], rstd = in[NORM_BACK_RSTD][c];
        const double weight = or_else(in[NORM_BACK_WEIGHT], c, 1);
        double dweight = 0, dbias = 0;
        for (int64_t i = 0; i < count; ++i) {
            dweight += dy[at(g, c, i)] * (x[at(g, c, i)] - mean) * rstd;
            dbias += dy[at(g, c, i)];
        }
        for (int64_t i = 0; i < count; ++i) {
            const double xhat = (x[at(g, c, i)] - mean) * rstd;
            out[NORM_BACK_DX][at(g, c, i)] =
                weight * rstd * (dy[at(g, c, i)] - dbias / (double)count - xhat * dweight / (double)count);
        }
        if (out[NORM_BACK_DWEIGHT]) out[NORM_BACK_DWEIGHT][c] = dweight;
        if (out[NORM_BACK_DBIAS]) out[NORM_BACK_DBIAS][c] = dbias;
    }
}

static void batchnorm_inference(const void *geom, const double *const *in, double *const *out) {
    const glia_batchnorm_geom *g = geom;
    const int64_t count          = (int64_t)g->n * g->area;
    for (int c = 0; c < g->c; ++c) {
        const double mean = in[INFERENCE_MEAN][c], rstd = 1 / sqrt(in[INFERENCE_VAR][c] + g->epsilon);
        const double weight = or_else(in[NORM_WEIGHT], c, 1), bias = or_else(in[NORM_BIAS], c, 0);
        for (int64_t i = 0; i < count; ++i)
            out[NORM_Y][at(g, c, i)] = weight * (in[NORM_X][at(g, c, i)] - mean) * rstd + bias;
    }
}

static void batchnorm_inference_backward(const void *geom, const double *const *in, double *const *out) {
    const glia_batchnorm_geom *g = geom;
    const int64_t count          = (int64_t)g->n * g->area;
    const double *x = in[NORM_BACK_X], *dy = in[NORM_BACK_DY];
    for (int c = 0; c < g->c; ++c) {
        const double mean = in[NORM_BACK_MEAN][c], rstd = 1 / sqrt(in[INFERENCE_BACK_VAR][c] + g->epsilon);
        const double weight = or_else(in[NORM_BACK_WEIGHT], c, 1);
        double dweight = 0, dbias = 0;
        for (int64_t i = 0; i < count; ++i) {
            dweight += dy[at(g, c, i)] * (x[at(g, c, i)] - mean) * rstd;
            dbias += dy[at(g, c, i)];
            out[NORM_BACK_DX][at(g, c, i)] = weight * rstd * dy[at(g, c, i)];
        }
        if (out[NORM_BACK_DWEIGHT]) out[NORM_BACK_DWEIGHT][c] = dweight;
        if (out[NORM_BACK_DBIAS]) out[NORM_BACK_DBIAS][c] = dbias;
    }
}

GLIA_REF_PROVIDER(batchnorm, batchnorm);
GLIA_REF_PROVIDER(batchnorm_backward, batchnorm_backward);
GLIA_REF_PROVIDER(batchnorm_inference, batchnorm_inference);
GLIA_REF_PROVIDER(batchnorm_inference_backward, batchnorm_inference_backward);
