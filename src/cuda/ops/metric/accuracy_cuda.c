#include "kernels/metric/accuracy_launch.h"

#include "core/dtype.h"
#include "core/provider.h"
#include "cuda/device/index_error.h"
#include "cuda/ops/dense_view.h"

static size_t workspace(const gli_call *call, glia_dtype dtype) {
    (void)call, (void)dtype;
    return GLI_ACCURACY_WORKSPACE;
}

static glia_status accuracy(const gli_call *call, const gli_cuda_view *v) {
    const gli_accuracy_geom *g = call->geom;
    const glia_dtype target    = call->in[GLI_ACCURACY_TARGET]->dtype;
    gli_accuracy_arrays arrays = {.dtype      = v->dtype,
                                  .prediction = v->in[GLI_ACCURACY_PREDICTION],
                                  .counts     = v->in[GLI_ACCURACY_COUNTS],
                                  .new_counts = v->out[0],
                                  .workspace  = v->workspace};
    if (gli_dtype_is_float(target))
        arrays.scores = v->in[GLI_ACCURACY_TARGET];
    else
        arrays.target = (gli_indices){v->in[GLI_ACCURACY_TARGET], target};
    if (!g->binary && !g->dense) GLI_TRY(gli_cuda_index_slot(call, GLI_ACCURACY_TARGET, &arrays.slot));
    GLI_CUDA_TRY(call->ctx, gli_kernel_accuracy(g, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(accuracy, .run = accuracy, .typed_in = 1 << GLI_ACCURACY_TARGET | 1 << GLI_ACCURACY_COUNTS,
                  .typed_out = 1, .workspace = workspace);
