#include "kernels/metric/accumulate_launch.h"

#include "core/provider.h"
#include "cuda/ops/optimizer/update_arrays.h"

static size_t workspace(const gli_call *call, glia_dtype dtype) {
    (void)call, (void)dtype;
    return GLI_ACCUMULATE_WORKSPACE;
}

void gli_cuda_accumulate_arrays(const gli_call *call, const gli_cuda_view *v, gli_accumulate_arrays *out) {
    *out = (gli_accumulate_arrays){.dtype        = call->in[GLI_ACCUMULATE_VALUE]->dtype,
                                   .value        = v->in[GLI_ACCUMULATE_VALUE],
                                   .weight       = v->in[GLI_ACCUMULATE_WEIGHT],
                                   .sums         = v->in[GLI_ACCUMULATE_SUMS],
                                   .new_sums     = v->out[GLI_ACCUMULATE_NEW_SUMS],
                                   .counters     = v->in[GLI_ACCUMULATE_COUNTERS],
                                   .new_counters = v->out[GLI_ACCUMULATE_NEW_COUNTERS],
                                   .workspace    = v->workspace};
}

static glia_status accumulate(const gli_call *call, const gli_cuda_view *v) {
    gli_accumulate_arrays arrays;
    gli_cuda_accumulate_arrays(call, v, &arrays);
    GLI_CUDA_TRY(call->ctx, gli_kernel_accumulate(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(accumulate, .run = accumulate,
                  .typed_in = 1 << GLI_ACCUMULATE_VALUE | 1 << GLI_ACCUMULATE_WEIGHT | 1 << GLI_ACCUMULATE_SUMS |
                              1 << GLI_ACCUMULATE_COUNTERS,
                  .typed_out = 1 << GLI_ACCUMULATE_NEW_SUMS | 1 << GLI_ACCUMULATE_NEW_COUNTERS, .workspace = workspace);
const gli_cuda_kernel *const gli_cuda_accumulate_kernel = &accumulate_portable_kernel;
