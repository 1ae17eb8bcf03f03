#include "kernels/optimizer/check_finite_launch.h"

#include "core/provider.h"
#include "cuda/ops/dense_view.h"

static glia_status check_finite(const gli_call *call, const gli_cuda_view *v) {
    const gli_check_finite_arrays arrays = {.dtype      = v->dtype,
                                            .x          = v->in[GLI_CHECK_FINITE_X],
                                            .y          = v->in[GLI_CHECK_FINITE_Y],
                                            .step       = v->in[GLI_CHECK_FINITE_STEP],
                                            .failed     = v->in[GLI_CHECK_FINITE_FAILED],
                                            .new_failed = v->out[0]};
    GLI_CUDA_TRY(call->ctx, gli_kernel_check_finite(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(check_finite, .run = check_finite);
