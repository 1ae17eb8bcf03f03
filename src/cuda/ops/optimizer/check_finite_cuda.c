#include "kernels/optimizer/check_finite_launch.h"

#include "cuda/ops/optimizer/update_arrays.h"

void gli_cuda_check_finite_arrays(const gli_cuda_view *v, gli_check_finite_arrays *out) {
    *out = (gli_check_finite_arrays){.dtype      = v->dtype,
                                     .x          = v->in[GLI_CHECK_FINITE_X],
                                     .y          = v->in[GLI_CHECK_FINITE_Y],
                                     .step       = v->in[GLI_CHECK_FINITE_STEP],
                                     .failed     = v->in[GLI_CHECK_FINITE_FAILED],
                                     .new_failed = v->out[0]};
}

static glia_status check_finite(const gli_call *call, const gli_cuda_view *v) {
    gli_check_finite_arrays arrays;
    gli_cuda_check_finite_arrays(v, &arrays);
    GLI_CUDA_TRY(call->ctx, gli_kernel_check_finite(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_KERNEL(check_finite, portable, .run = check_finite)
const gli_cuda_kernel *const gli_cuda_check_finite_kernel = &check_finite_portable_kernel;
GLI_CUDA_CHAIN_PROVIDER(check_finite, gli_cuda_update_chain, gli_cuda_run_update_chain);
