#include <math.h>

#include "core/provider.h"
#include "cpu/native/images.h"
#include "cpu/native/norm/batchnorm_work.h"

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_batchnorm_geom *g = call->geom;
    out->workspace              = 4 * (size_t)g->c * sizeof(float);
    return GLIA_OK;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    const float *weight = gli_in_floats(call, GLI_NORM_WEIGHT), *bias = gli_in_floats(call, GLI_NORM_BIAS);
    const float *mean    = gli_in_floats(call, GLI_INFERENCE_MEAN);
    const float *var     = gli_in_floats(call, GLI_INFERENCE_VAR);
    gli_batchnorm_work w = gli_batchnorm_work_of(call);
    w.chunks             = 0; /* no partial sums */
    gli_batchnorm_assign_workspace(&w, workspace);
    w.x = gli_in_floats(call, GLI_NORM_X), w.out = gli_out_floats(call, GLI_NORM_Y);
    for (int c = 0; c < w.g->c; ++c) {
        w.mean[c]  = mean[c];
        w.scale[c] = (float)((weight ? weight[c] : 1) / sqrt(var[c] + w.g->epsilon));
        w.shift[c] = bias ? bias[c] : 0;
    }
    gli_batchnorm_normalise(call, &w);
    return GLIA_OK;
}

const gli_provider gli_batchnorm_inference_native = {.name    = "cpu.native",
                                                     .accepts = GLI_ACCEPTS_IMAGES,
                                                     .decline = gli_batchnorm_decline_activation,
                                                     .prepare = prepare,
                                                     .run     = run};
