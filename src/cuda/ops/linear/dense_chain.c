#include "cuda/ops/linear/dense_chain.h"

#include "cuda/ops/chain.h"
#include "cuda/ops/gemm_provider.h"
#include "cuda/ops/loss/cross_entropy_arrays.h"
#include "cuda/ops/random/dropout_kernel.h"
#include "kernels/gemm/matmul_dropout_launch.h"
#include "kernels/loss/dense_cross_entropy_launch.h"
#include "ops/elementwise/unary_geom.h"

/* What its kernels see. */
typedef struct chain {
    int length; /* 1: there is none */
    gli_gemm product;
    gli_gemm_dropout dropout;
    const gli_call *loss; /* NULL: the chain is one of dropout */
    gli_cuda_view loss_view;
} chain;

/* The product of the first call. */
static bool start(const gli_call *call, chain *out, glia_dtype *dtype) {
    gli_cuda_view view;
    const bool forward = gli_cuda_is(call, &gli_op_dense);
    if (!gli_cuda_view_as_is(call, forward ? gli_cuda_dense_kernel : gli_cuda_dense_data_kernel, &view)) return false;
    out->product = forward ? gli_cuda_dense_gemm(call, &view) : gli_cuda_dense_data_gemm(call, &view);
    *dtype       = view.dtype;
    return true;
}

/* The loss reads what the layer computes, and so may others. */
static chain with_loss(const gli_call *const *calls, int n) {
    chain c = {.length = 1};
    glia_dtype dtype;
    if (n < 2 || !gli_cuda_is(calls[0], &gli_op_dense) || !gli_cuda_is(calls[1], &gli_op_cross_entropy_backward) ||
        calls[1]->in[GLI_CROSS_ENTROPY_X]->data != calls[0]->out[0]->data || !start(calls[0], &c, &dtype) ||
        !gli_cuda_view_as_is(calls[1], gli_cuda_cross_entropy_backward_kernel, &c.loss_view) ||
        dtype != c.loss_view.dtype || !gli_kernel_dense_cross_entropy_fits(&c.product, calls[1]->geom))
        return c;
    c.loss   = calls[1];
    c.length = 2;
    return c;
}

/* The derivative of an activation, of what it computed, that the epilogue of a GEMM has. */
static bool is_derivative(const gli_call *call, glia_dtype dtype) {
    const gli_unary_geom *g = call->geom;
    if (!gli_cuda_is(call, &gli_op_unary_backward) || g->from != GLI_FROM_Y) return false;
    const glia_tensor *y = call->in[GLI_UNARY_BACKWARD_Y];
    return (g->kind == GLIA_UNARY_SIGMOID || g->kind == GLIA_UNARY_TANH || g->kind == GLIA_UNARY_RELU) &&
           y->dtype == dtype && call->out[0]->dtype == dtype && gli_is_dense(y) && gli_is_dense(call->out[0]);
}

static chain with_dropout(const gli_call *const *calls, int n) {
    chain c = {.length = 1};
    glia_dtype dtype;
    gli_cuda_view dropout;
    if (n < 2 || !gli_cuda_is(calls[1], &gli_op_dropout) ||
        calls[1]->in[GLI_DROPOUT_X]->data != calls[0]->out[0]->data || !start(calls[0], &c, &dtype) ||
        !gli_cuda_view_as_is(calls[1], gli_cuda_dropout_kernel, &dropout) || dropout.dtype != dtype)
        return c;
    if (gli_cuda_feeds(calls[0], calls[1], GLI_DROPOUT_X))
        c.product.y.data = NULL;
    else if (calls[1]->out[0]->data == calls[0]->out[0]->data)
        return c;
    c.dropout = (gli_gemm_dropout){.geom = calls[1]->geom, .step = dropout.in[GLI_DROPOUT_STEP], .out = dropout.out[0]};
    c.length  = 2;
    if (n < 3 || !gli_cuda_is(calls[0], &gli_op_dense_backward_data) ||
        !gli_cuda_feeds(calls[1], calls[2], GLI_UNARY_BACKWARD_DY) || !is_derivative(calls[2], dtype))
        return c;
    c.dropout.activated  = calls[2]->in[GLI_UNARY_BACKWARD_Y]->data;
    c.dropout.activation = ((const gli_unary_geom *)calls[2]->geom)->kind;
    c.dropout.out        = calls[2]->out[0]->data;
    c.length             = 3;
    return c;
}

static chain chain_of(const gli_call *const *calls, int n) {
    const chain loss = with_loss(calls, n);
    return loss.length > 1 ? loss : with_dropout(calls, n);
}

int gli_cuda_dense_chain(const gli_call *const *calls, int n) { return chain_of(calls, n).length; }

glia_status gli_cuda_run_dense_chain(const gli_call *const *calls, void *const *workspaces, int n) {
    const chain c          = chain_of(calls, n);
    const gli_gemm_run how = gli_cuda_gemm_run(calls[0], workspaces[0]);
    gli_cross_entropy_arrays loss;
    GLI_TRY(gli_cuda_check_chain(calls, n, c.length));
    if (!c.loss) {
        GLI_CUDA_TRY(calls[0]->ctx, gli_kernel_matmul_dropout(&c.product, &c.dropout, &how));
        return GLIA_OK;
    }
    GLI_TRY(gli_cuda_cross_entropy_backward_arrays(c.loss, &c.loss_view, &loss));
    GLI_CUDA_TRY(calls[0]->ctx, gli_kernel_dense_cross_entropy(&c.product, c.loss->geom, &loss, &how));
    return GLIA_OK;
}

int gli_cuda_dense_tensor_cores_chain(const gli_call *const *calls, int n) { return with_dropout(calls, n).length; }

glia_status gli_cuda_run_dense_tensor_cores_chain(const gli_call *const *calls, void *const *workspaces, int n) {
    const chain c          = with_dropout(calls, n);
    const gli_gemm_run how = gli_cuda_gemm_run(calls[0], workspaces[0]);
    GLI_TRY(gli_cuda_check_chain(calls, n, c.length));
    GLI_CUDA_TRY(calls[0]->ctx, gli_kernel_matmul_dropout_tensor_cores(&c.product, &c.dropout, &how));
    return GLIA_OK;
}
