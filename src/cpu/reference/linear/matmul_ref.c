#include "ops/linear/matmul_geom.h"

#include "core/provider.h"
#include "cpu/reference/ref.h"

/* One matrix of y, from one each of a, b and c. */
static void multiply(const gli_matmul_geom *g, const double *a, const double *b, const double *c, double *y) {
    for (int64_t m = 0; m < g->m; ++m)
        for (int64_t n = 0; n < g->n; ++n) {
            double sum = 0;
            for (int64_t k = 0; k < g->k; ++k)
                sum +=
                    a[g->transpose_a ? k * g->m + m : m * g->k + k] * b[g->transpose_b ? n * g->k + k : k * g->n + n];
            y[m * g->n + n] = g->alpha * sum + (c ? g->beta * c[m * g->c_row + n * g->c_column] : 0);
        }
}

static void matmul(const void *geom, const double *const *in, double *const *out) {
    const gli_matmul_geom *g = geom;
    const double *c          = g->reads_c ? in[GLI_MATMUL_C] : NULL;
    int64_t matrices         = 1;
    for (int i = 0; i < g->batch_ndim; ++i) matrices *= g->batch[i];
    for (int64_t t = 0; t < matrices; ++t) {
        int64_t rest = t, a_offset = 0, b_offset = 0, c_offset = 0;
        for (int i = g->batch_ndim - 1; i >= 0; --i) {
            const int64_t index = rest % g->batch[i];
            rest /= g->batch[i];
            a_offset += index * g->a.step[i];
            b_offset += index * g->b.step[i];
            c_offset += index * g->c.step[i];
        }
        multiply(g, in[GLI_MATMUL_A] + a_offset, in[GLI_MATMUL_B] + b_offset, c ? c + c_offset : NULL,
                 out[0] + t * g->m * g->n);
    }
}

GLI_REF_PROVIDER(matmul, matmul);
