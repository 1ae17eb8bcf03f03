/* groupnorm and its gradient. The channels of a group are contiguous, so a group is a range of x. */
#include <math.h>

#include "core/provider.h"
#include "cpu/reference/norm/norm_ref.h"
#include "cpu/reference/ref.h"
#include "ops/norm/groupnorm_geom.h"

/* The weight, or bias, of element i of x. */
static double of_channel(const gli_groupnorm_geom *g, const double *vector, int64_t i, double otherwise) {
    return vector ? vector[i / g->area % g->c] : otherwise;
}

static void groupnorm(const void *geom, const double *const *in, double *const *out) {
    const gli_groupnorm_geom *g = geom;
    const int64_t size          = (int64_t)(g->c / g->groups) * g->area;
    const double *x             = in[GLI_NORM_X];
    for (int64_t group = 0; group < (int64_t)g->n * g->groups; ++group) {
        const int64_t begin = group * size, end = begin + size;
        long double sum = 0, var = 0;
        for (int64_t i = begin; i < end; ++i) sum += x[i];
        const double mean = (double)(sum / size);
        for (int64_t i = begin; i < end; ++i) var += gli_square(x[i] - mean);
        const double rstd = (double)(1 / sqrtl(var / size + g->epsilon));
        for (int64_t i = begin; i < end; ++i)
            out[GLI_NORM_Y][i] = of_channel(g, in[GLI_NORM_WEIGHT], i, 1) * (x[i] - mean) * rstd +
                                 of_channel(g, in[GLI_NORM_BIAS], i, 0);
        if (out[GLI_NORM_MEAN]) out[GLI_NORM_MEAN][group] = mean;
        if (out[GLI_NORM_RSTD]) out[GLI_NORM_RSTD][group] = rstd;
    }
}

static double xhat(const gli_groupnorm_geom *g, const double *const *in, int64_t i) {
    const int64_t group = i / ((int64_t)(g->c / g->groups) * g->area);
    return (in[GLI_NORM_BACK_X][i] - in[GLI_NORM_BACK_MEAN][group]) * in[GLI_NORM_BACK_RSTD][group];
}

static void weight_gradients(const gli_groupnorm_geom *g, const double *const *in, double *dweight, double *dbias) {
    for (int c = 0; c < g->c; ++c) {
        double sum_dy_xhat = 0, sum_dy = 0;
        for (int n = 0; n < g->n; ++n)
            for (int pixel = 0; pixel < g->area; ++pixel) {
                const int64_t i = ((int64_t)n * g->c + c) * g->area + pixel;
                sum_dy_xhat += in[GLI_NORM_BACK_DY][i] * xhat(g, in, i);
                sum_dy += in[GLI_NORM_BACK_DY][i];
            }
        if (dweight) dweight[c] = sum_dy_xhat;
        if (dbias) dbias[c] = sum_dy;
    }
}

static void groupnorm_backward(const void *geom, const double *const *in, double *const *out) {
    const gli_groupnorm_geom *g = geom;
    const int64_t size          = (int64_t)(g->c / g->groups) * g->area;
    for (int64_t group = 0; group < (int64_t)g->n * g->groups; ++group) {
        const int64_t begin = group * size, end = begin + size;
        double sum_g = 0, sum_g_xhat = 0;
        for (int64_t i = begin; i < end; ++i) {
            const double gradient = in[GLI_NORM_BACK_DY][i] * of_channel(g, in[GLI_NORM_BACK_WEIGHT], i, 1);
            sum_g += gradient;
            sum_g_xhat += gradient * xhat(g, in, i);
        }
        for (int64_t i = begin; i < end; ++i) {
            const double gradient    = in[GLI_NORM_BACK_DY][i] * of_channel(g, in[GLI_NORM_BACK_WEIGHT], i, 1);
            out[GLI_NORM_BACK_DX][i] = in[GLI_NORM_BACK_RSTD][group] *
                                       (gradient - sum_g / (double)size - xhat(g, in, i) * sum_g_xhat / (double)size);
        }
    }
    weight_gradients(g, in, out[GLI_NORM_BACK_DWEIGHT], out[GLI_NORM_BACK_DBIAS]);
}

GLI_REF_PROVIDER(groupnorm, groupnorm);
GLI_REF_PROVIDER(groupnorm_backward, groupnorm_backward);
