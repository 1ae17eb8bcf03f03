#include "kernels/elementwise/select_launch.h"

#include "core/provider.h"
#include "cuda/ops/dense_view.h"

static glia_status select(const gli_call *call, const gli_cuda_view *v) {
    GLI_CUDA_TRY(call->ctx, gli_kernel_select(call->geom, v->dtype, v->in[GLI_SELECT_CONDITION], v->in[GLI_SELECT_A],
                                              v->in[GLI_SELECT_B], v->out[0], v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(select, .run = select);
