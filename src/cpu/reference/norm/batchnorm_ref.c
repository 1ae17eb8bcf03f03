/* batchnorm, batchnorm_inference and their gradients, channel by channel. */
#include <math.h>

#include "core/provider.h"
#include "cpu/reference/ref.h"
#include "ops/norm/batchnorm_geom.h"

/* Element i of a channel: i counts samples, then places. */
static int64_t at(const gli_batchnorm_geom *g, int c, int64_t i) {
    return (i / g->area * g->c + c) * g->area + i % g->area;
}

static double or_else(const double *vector, int c, double otherwise) { return vector ? vector[c] : otherwise; }

static void batchnorm(const void *geom, const double *const *in, double *const *out) {
    const gli_batchnorm_geom *g = geom;
    const int64_t count         = (int64_t)g->n * g->area;
    const double *x             = in[GLI_NORM_X];
    for (int c = 0; c < g->c; ++c) {
        double mean = 0, var = 0;
        for (int64_t i = 0; i < count; ++i) mean += x[at(g, c, i)];
        mean /= (double)count;
        for (int64_t i = 0; i < count; ++i) var += (x[at(g, c, i)] - mean) * (x[at(g, c, i)] - mean);
        var /= (double)count;
        const double rstd   = 1 / sqrt(var + g->epsilon);
        const double weight = or_else(in[GLI_NORM_WEIGHT], c, 1), bias = or_else(in[GLI_NORM_BIAS], c, 0);
        for (int64_t i = 0; i < count; ++i) {
            const double normal          = weight * (x[at(g, c, i)] - mean) * rstd + bias;
            const double residual        = in[GLI_BATCHNORM_RESIDUAL] ? in[GLI_BATCHNORM_RESIDUAL][at(g, c, i)] : 0;
            out[GLI_NORM_Y][at(g, c, i)] = gli_ref_activate(g->activation, normal + residual);
        }
        if (out[GLI_NORM_MEAN]) out[GLI_NORM_MEAN][c] = mean;
        if (out[GLI_NORM_RSTD]) out[GLI_NORM_RSTD][c] = rstd;
        const double old_mean = or_else(in[GLI_BATCHNORM_RUNNING_MEAN], c, 0);
        const double old_var  = or_else(in[GLI_BATCHNORM_RUNNING_VAR], c, 1);
        const double seen_var = g->population ? var : var * (double)count / (double)(count - 1);
        if (out[GLI_BATCHNORM_NEW_RUNNING_MEAN])
            out[GLI_BATCHNORM_NEW_RUNNING_MEAN][c] = (1 - g->momentum) * old_mean + g->momentum * mean;
        if (out[GLI_BATCHNORM_NEW_RUNNING_VAR])
            out[GLI_BATCHNORM_NEW_RUNNING_VAR][c] = (1 - g->momentum) * old_var + g->momentum * seen_var;
    }
}

static void batchnorm_backward(const void *geom, const double *const *in, double *const *out) {
    const gli_batchnorm_geom *g = geom;
    const int64_t count         = (int64_t)g->n * g->area;
    const double *x = in[GLI_NORM_BACK_X], *dy = in[GLI_NORM_BACK_DY];
    for (int c = 0; c < g->c; ++c) {
        const double mean = in[GLI_NORM_BACK_MEAN][c], rstd = in[GLI_NORM_BACK_RSTD][c];
        const double weight = or_else(in[GLI_NORM_BACK_WEIGHT], c, 1);
        double dweight = 0, dbias = 0;
        for (int64_t i = 0; i < count; ++i) {
            dweight += dy[at(g, c, i)] * (x[at(g, c, i)] - mean) * rstd;
            dbias += dy[at(g, c, i)];
        }
        for (int64_t i = 0; i < count; ++i) {
            const double xhat = (x[at(g, c, i)] - mean) * rstd;
            out[GLI_NORM_BACK_DX][at(g, c, i)] =
                weight * rstd * (dy[at(g, c, i)] - dbias / (double)count - xhat * dweight / (double)count);
        }
        if (out[GLI_NORM_BACK_DWEIGHT]) out[GLI_NORM_BACK_DWEIGHT][c] = dweight;
        if (out[GLI_NORM_BACK_DBIAS]) out[GLI_NORM_BACK_DBIAS][c] = dbias;
    }
}

static void batchnorm_inference(const void *geom, const double *const *in, double *const *out) {
    const gli_batchnorm_geom *g = geom;
    const int64_t count         = (int64_t)g->n * g->area;
    for (int c = 0; c < g->c; ++c) {
        const double mean = in[GLI_INFERENCE_MEAN][c], rstd = 1 / sqrt(in[GLI_INFERENCE_VAR][c] + g->epsilon);
        const double weight = or_else(in[GLI_NORM_WEIGHT], c, 1), bias = or_else(in[GLI_NORM_BIAS], c, 0);
        for (int64_t i = 0; i < count; ++i)
            out[GLI_NORM_Y][at(g, c, i)] = weight * (in[GLI_NORM_X][at(g, c, i)] - mean) * rstd + bias;
    }
}

static void batchnorm_inference_backward(const void *geom, const double *const *in, double *const *out) {
    const gli_batchnorm_geom *g = geom;
    const int64_t count         = (int64_t)g->n * g->area;
    const double *x = in[GLI_NORM_BACK_X], *dy = in[GLI_NORM_BACK_DY];
    for (int c = 0; c < g->c; ++c) {
        const double mean = in[GLI_NORM_BACK_MEAN][c], rstd = 1 / sqrt(in[GLI_INFERENCE_BACK_VAR][c] + g->epsilon);
        const double weight = or_else(in[GLI_NORM_BACK_WEIGHT], c, 1);
        double dweight = 0, dbias = 0;
        for (int64_t i = 0; i < count; ++i) {
            dweight += dy[at(g, c, i)] * (x[at(g, c, i)] - mean) * rstd;
            dbias += dy[at(g, c, i)];
            out[GLI_NORM_BACK_DX][at(g, c, i)] = weight * rstd * dy[at(g, c, i)];
        }
        if (out[GLI_NORM_BACK_DWEIGHT]) out[GLI_NORM_BACK_DWEIGHT][c] = dweight;
        if (out[GLI_NORM_BACK_DBIAS]) out[GLI_NORM_BACK_DBIAS][c] = dbias;
    }
}

GLI_REF_PROVIDER(batchnorm, batchnorm);
GLI_REF_PROVIDER(batchnorm_backward, batchnorm_backward);
GLI_REF_PROVIDER(batchnorm_inference, batchnorm_inference);
GLI_REF_PROVIDER(batchnorm_inference_backward, batchnorm_inference_backward);
