/* batchnorm and its gradient, channel by channel. */
#include <math.h>

#include "core/provider.h"
#include "cpu/reference/norm/norm_ref.h"
#include "cpu/reference/ref.h"
#include "ops/norm/batchnorm_geom.h"

static void batchnorm(const void *geom, const double *const *in, double *const *out) {
    const gli_batchnorm_geom *g = geom;
    const int64_t count         = (int64_t)g->n * g->area;
    const double *x             = in[GLI_NORM_X];
    for (int c = 0; c < g->c; ++c) {
        long double sum = 0, squares = 0;
        for (int64_t i = 0; i < count; ++i) sum += x[gli_channel_index(g, c, i)];
        const double mean = (double)(sum / count);
        for (int64_t i = 0; i < count; ++i) squares += gli_square(x[gli_channel_index(g, c, i)] - mean);
        const double var    = (double)(squares / count);
        const double rstd   = (double)(1 / sqrtl(squares / count + g->epsilon));
        const double weight = gli_value_or(in[GLI_NORM_WEIGHT], c, 1), bias = gli_value_or(in[GLI_NORM_BIAS], c, 0);
        for (int64_t i = 0; i < count; ++i) {
            const int64_t k       = gli_channel_index(g, c, i);
            const double normal   = weight * (x[k] - mean) * rstd + bias;
            const double residual = gli_value_or(in[GLI_BATCHNORM_RESIDUAL], k, 0);
            out[GLI_NORM_Y][k]    = gli_ref_activate(g->activation, normal + residual);
        }
        if (out[GLI_NORM_MEAN]) out[GLI_NORM_MEAN][c] = mean;
        if (out[GLI_NORM_RSTD]) out[GLI_NORM_RSTD][c] = rstd;
        const double old_mean = gli_value_or(in[GLI_BATCHNORM_RUNNING_MEAN], c, 0);
        const double old_var  = gli_value_or(in[GLI_BATCHNORM_RUNNING_VAR], c, 1);
        const double seen_var = g->population ? var : var * (double)count / (double)(count - 1);
        if (out[GLI_BATCHNORM_NEW_RUNNING_MEAN])
            out[GLI_BATCHNORM_NEW_RUNNING_MEAN][c] = (1 - g->momentum) * old_mean + g->momentum * mean;
        if (out[GLI_BATCHNORM_NEW_RUNNING_VAR])
            out[GLI_BATCHNORM_NEW_RUNNING_VAR][c] = (1 - g->momentum) * old_var + g->momentum * seen_var;
    }
}

/* The gradient of the sum that the activation is of. */
static double before_activation(const gli_batchnorm_geom *g, const double *const *in, int64_t k) {
    const double dy = in[GLI_NORM_BACK_DY][k] + gli_value_or(in[GLI_BATCHNORM_BACK_DY2], k, 0);
    return g->activation == GLIA_UNARY_LINEAR
               ? dy
               : gli_ref_activate_backward(g->activation, in[GLI_BATCHNORM_BACK_Y][k], dy);
}

static void batchnorm_backward(const void *geom, const double *const *in, double *const *out) {
    const gli_batchnorm_geom *g = geom;
    const int64_t count         = (int64_t)g->n * g->area;
    const double *x             = in[GLI_NORM_BACK_X];
    for (int c = 0; c < g->c; ++c) {
        const double mean = in[GLI_NORM_BACK_MEAN][c], rstd = in[GLI_NORM_BACK_RSTD][c];
        const double weight = gli_value_or(in[GLI_NORM_BACK_WEIGHT], c, 1);
        double dweight = 0, dbias = 0;
        for (int64_t i = 0; i < count; ++i) {
            const int64_t k = gli_channel_index(g, c, i);
            const double dy = before_activation(g, in, k);
            dweight += dy * ((x[k] - mean) * rstd);
            dbias += dy;
        }
        for (int64_t i = 0; i < count; ++i) {
            const int64_t k   = gli_channel_index(g, c, i);
            const double xhat = (x[k] - mean) * rstd, dy = before_activation(g, in, k);
            out[GLI_NORM_BACK_DX][k] = weight * rstd * (dy - dbias / (double)count - xhat * dweight / (double)count);
            if (out[GLI_BATCHNORM_BACK_DRESIDUAL]) out[GLI_BATCHNORM_BACK_DRESIDUAL][k] = dy;
        }
        if (out[GLI_NORM_BACK_DWEIGHT]) out[GLI_NORM_BACK_DWEIGHT][c] = dweight;
        if (out[GLI_NORM_BACK_DBIAS]) out[GLI_NORM_BACK_DBIAS][c] = dbias;
    }
}

GLI_REF_PROVIDER(batchnorm, batchnorm);
GLI_REF_PROVIDER(batchnorm_backward, batchnorm_backward);
