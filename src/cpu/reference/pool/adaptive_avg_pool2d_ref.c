#include "core/provider.h"
#include "cpu/reference/pool/pool_ref.h"
#include "cpu/reference/ref.h"

static void adaptive_avg_pool2d(const void *geom, const double *const *in, double *const *out) {
    gli_ref_mean_pool(geom, gli_ref_adaptive_window, in[0], out[0]);
}

static void adaptive_avg_pool2d_backward(const void *geom, const double *const *in, double *const *out) {
    gli_ref_mean_pool_backward(geom, gli_ref_adaptive_window, in[GLI_POOL_BACK_DY], out[0]);
}

GLI_REF_PROVIDER(adaptive_avg_pool2d, adaptive_avg_pool2d);
GLI_REF_PROVIDER(adaptive_avg_pool2d_backward, adaptive_avg_pool2d_backward);
