#include "kernels/metric/accumulate_launch.h"

#include "core/provider.h"
#include "cuda/ops/dense_view.h"

static glia_status accumulate(const gli_call *call, const gli_cuda_view *v) {
    GLI_CUDA_TRY(call->ctx,
                 gli_kernel_accumulate(call->geom, call->in[GLI_ACCUMULATE_VALUE]->dtype, v->in[GLI_ACCUMULATE_VALUE],
                                       v->in[GLI_ACCUMULATE_SUMS], v->out[0], v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(accumulate, .run = accumulate, .typed_in = 1 << GLI_ACCUMULATE_VALUE | 1 << GLI_ACCUMULATE_SUMS,
                  .typed_out = 1);
