#include "cuda/ops/conv/relu_filter_chain.h"

#include "core/dtype.h"
#include "cuda/ops/chain.h"
#include "cuda/ops/gemm_provider.h"
#include "ops/conv/conv_geom.h"
#include "ops/elementwise/unary_geom.h"

/* Whether the direct kernel is the one that the call runs with. */
static bool runs_directly(const gli_call *filter) {
    char why[GLI_REASON];
    const gli_provider *const *first = filter->ctx->device->providers(filter->op);
    return *first == &gli_conv2d_backward_filter_direct && !filter->ctx->provider[0] &&
           gli_declines(*first, filter, why) == NULL;
}

static bool lies_as(const glia_tensor *a, const glia_tensor *b) {
    return a && a->dtype == b->dtype && gli_same_shape(a, b) && gli_same_strides(a, b);
}

/* The convolution of which the kernel computes the gradient, from the gradient behind the relu. */
static bool chain_of(const gli_call *const *calls, int n, gli_convolution *out) {
    const gli_unary_geom *relu = calls[0]->geom;
    const gli_call *filter     = calls[1];
    gli_cuda_view view;
    if (n < 2 || relu->kind != GLIA_UNARY_RELU || relu->from != GLI_FROM_Y ||
        !gli_cuda_is(filter, &gli_op_conv2d_backward_filter) || !gli_cuda_feeds(calls[0], filter, GLI_CONV_FILTER_DY) ||
        !runs_directly(filter) || !lies_as(calls[0]->in[GLI_UNARY_BACKWARD_Y], calls[0]->out[0]) ||
        !lies_as(calls[0]->in[GLI_UNARY_BACKWARD_DY], calls[0]->out[0]) ||
        !gli_cuda_view_as_is(filter, gli_cuda_filter_direct_kernel, &view))
        return false;
    *out        = gli_cuda_filter_convolution(filter, &view);
    out->y.data = calls[0]->in[GLI_UNARY_BACKWARD_DY]->data;
    return out->dtype == calls[0]->out[0]->dtype;
}

int gli_cuda_relu_filter_chain(const gli_call *const *calls, int n) {
    gli_convolution conv;
    return n > 1 && chain_of(calls, n, &conv) ? 2 : 1;
}

glia_status gli_cuda_run_relu_filter_chain(const gli_call *const *calls, void *const *workspaces, int n) {
    gli_convolution conv;
    const gli_gemm_run how = gli_cuda_gemm_run(calls[0], workspaces[1]);
    GLI_TRY(gli_cuda_check_chain(calls, n, n == 2 && chain_of(calls, n, &conv) ? 2 : 1));
    GLI_CUDA_TRY(calls[0]->ctx,
                 gli_kernel_conv2d_filter_direct_relu(&conv, calls[0]->in[GLI_UNARY_BACKWARD_Y]->data, &how));
    return GLIA_OK;
}
