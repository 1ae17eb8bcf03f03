#include "kernels/elementwise/unary_launch.h"

#include "core/provider.h"
#include "cuda/ops/conv/relu_filter_chain.h"

static glia_status unary(const gli_call *call, const gli_cuda_view *v) {
    GLI_CUDA_TRY(call->ctx, gli_kernel_unary(call->geom, v->dtype, v->in[GLI_UNARY_X], v->out[0], v->stream));
    return GLIA_OK;
}

static glia_status unary_backward(const gli_call *call, const gli_cuda_view *v) {
    const gli_unary_geom *g = call->geom;
    const void *source      = g->from == GLI_FROM_X   ? v->in[GLI_UNARY_BACKWARD_X]
                              : g->from == GLI_FROM_Y ? v->in[GLI_UNARY_BACKWARD_Y]
                                                      : NULL;
    GLI_CUDA_TRY(call->ctx,
                 gli_kernel_unary_backward(g, v->dtype, source, v->in[GLI_UNARY_BACKWARD_DY], v->out[0], v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(unary, .run = unary, .flat = true);
GLI_CUDA_KERNEL(unary_backward, portable, .run = unary_backward, .flat = true)
GLI_CUDA_CHAIN_PROVIDER(unary_backward, gli_cuda_relu_filter_chain, gli_cuda_run_relu_filter_chain);
