#include "ops/linear/dense_geom.h"

#include "core/provider.h"
#include "cpu/reference/ref.h"

static void dense(const void *geom, const double *const *in, double *const *out) {
    const gli_dense_geom *g = geom;
    const double *x = in[GLI_DENSE_X], *w = in[GLI_DENSE_W], *bias = in[GLI_DENSE_BIAS];
    for (int64_t i = 0; i < g->rows; ++i)
        for (int64_t u = 0; u < g->u; ++u) {
            double sum = bias ? bias[u] : 0;
            for (int64_t k = 0; k < g->k; ++k) sum += x[i * g->k + k] * w[u * g->k + k];
            out[0][i * g->u + u] = gli_ref_activate(g->activation, sum);
        }
}

static void dense_backward_weights(const void *geom, const double *const *in, double *const *out) {
    const gli_dense_geom *g = geom;
    const double *x = in[GLI_DENSE_WEIGHTS_X], *dy = in[GLI_DENSE_WEIGHTS_DY];
    double *dw = out[GLI_DENSE_WEIGHTS_DW], *dbias = out[GLI_DENSE_WEIGHTS_DBIAS];
    for (int64_t u = 0; u < g->u; ++u)
        for (int64_t k = 0; k < g->k; ++k) {
            double sum = 0;
            for (int64_t i = 0; i < g->rows; ++i) sum += dy[i * g->u + u] * x[i * g->k + k];
            dw[u * g->k + k] = sum;
        }
    for (int64_t u = 0; dbias && u < g->u; ++u) {
        dbias[u] = 0;
        for (int64_t i = 0; i < g->rows; ++i) dbias[u] += dy[i * g->u + u];
    }
}

static void dense_backward_data(const void *geom, const double *const *in, double *const *out) {
    const gli_dense_geom *g = geom;
    const double *dy = in[GLI_DENSE_DATA_DY], *w = in[GLI_DENSE_DATA_W], *x = in[GLI_DENSE_DATA_X];
    for (int64_t i = 0; i < g->rows; ++i)
        for (int64_t k = 0; k < g->k; ++k) {
            double sum = 0;
            for (int64_t u = 0; u < g->u; ++u) sum += dy[i * g->u + u] * w[u * g->k + k];
            out[0][i * g->k + k] = gli_ref_activate_backward(g->activation, x ? x[i * g->k + k] : 0, sum);
        }
}

GLI_REF_PROVIDER(dense, dense);
GLI_REF_PROVIDER(dense_backward_weights, dense_backward_weights);
GLI_REF_PROVIDER(dense_backward_data, dense_backward_data);
