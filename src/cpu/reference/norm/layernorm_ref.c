/* layernorm and its gradient, row by row. */
#include <math.h>

#include "core/provider.h"
#include "cpu/reference/norm/norm_ref.h"
#include "cpu/reference/ref.h"
#include "ops/norm/layernorm_geom.h"

static void layernorm(const void *geom, const double *const *in, double *const *out) {
    const gli_layernorm_geom *g = geom;
    for (int row = 0; row < g->rows; ++row) {
        const double *x = in[GLI_NORM_X] + (int64_t)row * g->size;
        double *y       = out[GLI_NORM_Y] + (int64_t)row * g->size;
        long double sum = 0, var = 0;
        for (int i = 0; i < g->size; ++i) sum += x[i];
        const double mean = (double)(sum / g->size);
        for (int i = 0; i < g->size; ++i) var += gli_square(x[i] - mean);
        const double rstd = (double)(1 / sqrtl(var / g->size + g->epsilon));
        for (int i = 0; i < g->size; ++i)
            y[i] =
                gli_value_or(in[GLI_NORM_WEIGHT], i, 1) * (x[i] - mean) * rstd + gli_value_or(in[GLI_NORM_BIAS], i, 0);
        if (out[GLI_NORM_MEAN]) out[GLI_NORM_MEAN][row] = mean;
        if (out[GLI_NORM_RSTD]) out[GLI_NORM_RSTD][row] = rstd;
    }
}

static void weight_gradients(const gli_layernorm_geom *g, const double *const *in, double *dweight, double *dbias) {
    for (int i = 0; i < g->size; ++i) {
        double sum_dy_xhat = 0, sum_dy = 0;
        for (int row = 0; row < g->rows; ++row) {
            const int64_t k   = (int64_t)row * g->size + i;
            const double xhat = (in[GLI_NORM_BACK_X][k] - in[GLI_NORM_BACK_MEAN][row]) * in[GLI_NORM_BACK_RSTD][row];
            sum_dy_xhat += in[GLI_NORM_BACK_DY][k] * xhat;
            sum_dy += in[GLI_NORM_BACK_DY][k];
        }
        if (dweight) dweight[i] = sum_dy_xhat;
        if (dbias) dbias[i] = sum_dy;
    }
}

static void layernorm_backward(const void *geom, const double *const *in, double *const *out) {
    const gli_layernorm_geom *g = geom;
    for (int row = 0; row < g->rows; ++row) {
        const double *x   = in[GLI_NORM_BACK_X] + (int64_t)row * g->size,
                     *dy  = in[GLI_NORM_BACK_DY] + (int64_t)row * g->size;
        double *dx        = out[GLI_NORM_BACK_DX] + (int64_t)row * g->size;
        const double mean = in[GLI_NORM_BACK_MEAN][row], rstd = in[GLI_NORM_BACK_RSTD][row];
        double sum_g = 0, sum_g_xhat = 0;
        for (int i = 0; i < g->size; ++i) {
            const double gradient = dy[i] * gli_value_or(in[GLI_NORM_BACK_WEIGHT], i, 1);
            sum_g += gradient;
            sum_g_xhat += gradient * ((x[i] - mean) * rstd);
        }
        for (int i = 0; i < g->size; ++i) {
            const double gradient = dy[i] * gli_value_or(in[GLI_NORM_BACK_WEIGHT], i, 1);
            dx[i]                 = rstd * (gradient - sum_g / g->size - (x[i] - mean) * rstd * sum_g_xhat / g->size);
        }
    }
    weight_gradients(g, in, out[GLI_NORM_BACK_DWEIGHT], out[GLI_NORM_BACK_DBIAS]);
}

GLI_REF_PROVIDER(layernorm, layernorm);
GLI_REF_PROVIDER(layernorm_backward, layernorm_backward);
