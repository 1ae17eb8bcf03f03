#include "kernels/reduce/topk_launch.h"

#include "core/provider.h"
#include "cuda/ops/dense_view.h"

static glia_status topk(const gli_call *call, const gli_cuda_view *v) {
    GLI_CUDA_TRY(call->ctx, gli_kernel_topk(call->geom, v->dtype, v->in[0], v->out[GLI_TOPK_Y],
                                            v->out[GLI_TOPK_INDICES], v->out[GLI_TOPK_POSITIONS], v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(topk, .run = topk);
