/* batchnorm_inference and its gradient, channel by channel. */
#include <math.h>

#include "core/provider.h"
#include "cpu/reference/norm/norm_ref.h"
#include "cpu/reference/ref.h"
#include "ops/norm/batchnorm_geom.h"

static void batchnorm_inference(const void *geom, const double *const *in, double *const *out) {
    const gli_batchnorm_geom *g = geom;
    const int64_t count         = (int64_t)g->n * g->area;
    for (int c = 0; c < g->c; ++c) {
        const double mean = in[GLI_INFERENCE_MEAN][c], rstd = 1 / sqrt(in[GLI_INFERENCE_VAR][c] + g->epsilon);
        const double weight = gli_value_or(in[GLI_NORM_WEIGHT], c, 1), bias = gli_value_or(in[GLI_NORM_BIAS], c, 0);
        for (int64_t i = 0; i < count; ++i) {
            const int64_t k    = gli_channel_index(g, c, i);
            out[GLI_NORM_Y][k] = weight * (in[GLI_NORM_X][k] - mean) * rstd + bias;
        }
    }
}

static void batchnorm_inference_backward(const void *geom, const double *const *in, double *const *out) {
    const gli_batchnorm_geom *g = geom;
    const int64_t count         = (int64_t)g->n * g->area;
    const double *x = in[GLI_NORM_BACK_X], *dy = in[GLI_NORM_BACK_DY];
    for (int c = 0; c < g->c; ++c) {
        const double mean = in[GLI_NORM_BACK_MEAN][c], rstd = 1 / sqrt(in[GLI_INFERENCE_BACK_VAR][c] + g->epsilon);
        const double weight = gli_value_or(in[GLI_NORM_BACK_WEIGHT], c, 1);
        double dweight = 0, dbias = 0;
        for (int64_t i = 0; i < count; ++i) {
            const int64_t k = gli_channel_index(g, c, i);
            dweight += dy[k] * ((x[k] - mean) * rstd);
            dbias += dy[k];
            out[GLI_NORM_BACK_DX][k] = weight * rstd * dy[k];
        }
        if (out[GLI_NORM_BACK_DWEIGHT]) out[GLI_NORM_BACK_DWEIGHT][c] = dweight;
        if (out[GLI_NORM_BACK_DBIAS]) out[GLI_NORM_BACK_DBIAS][c] = dbias;
    }
}

GLI_REF_PROVIDER(batchnorm_inference, batchnorm_inference);
GLI_REF_PROVIDER(batchnorm_inference_backward, batchnorm_inference_backward);
