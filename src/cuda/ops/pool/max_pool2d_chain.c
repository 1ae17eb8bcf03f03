#include "cuda/ops/pool/max_pool2d_chain.h"

#include "cuda/ops/chain.h"
#include "cuda/ops/random/dropout_kernel.h"
#include "kernels/pool/max_pool2d_dropout_launch.h"
#include "ops/movement/cast_geom.h"

/* Changes nothing but the order of elements in memory. */
static bool only_moves(const gli_call *call) {
    return gli_cuda_is(call, &gli_op_cast) && call->in[GLI_CAST_X]->dtype == call->out[0]->dtype;
}

/* The last of the calls that the first one, a cast and another op make; 0: they make none. */
static int end_of(const gli_call *const *calls, int n, const gli_op *last, int input) {
    const int end = n > 2 && only_moves(calls[1]) && gli_cuda_feeds(calls[0], calls[1], GLI_CAST_X) ? 2 : 1;
    return end < n && gli_cuda_is(calls[end], last) && gli_cuda_feeds(calls[end - 1], calls[end], input) ? end : 0;
}

/* What the kernels see of the first call and of the last. Length 1: there is no chain. */
typedef struct chain {
    int length;
    gli_cuda_view first, last;
} chain;

static chain forward_chain(const gli_call *const *calls, int n) {
    chain c       = {.length = 1};
    const int end = end_of(calls, n, &gli_op_dropout, GLI_DROPOUT_X);
    if (end && gli_cuda_view_as_is(calls[0], gli_cuda_max_pool2d_kernel, &c.first) &&
        gli_cuda_view_as_is(calls[end], gli_cuda_dropout_kernel, &c.last) && c.first.dtype == c.last.dtype)
        c.length = end + 1;
    return c;
}

static chain backward_chain(const gli_call *const *calls, int n) {
    chain c       = {.length = 1};
    const int end = end_of(calls, n, &gli_op_max_pool2d_backward, GLI_POOL_BACK_DY);
    if (end && gli_kernel_max_pool2d_dropout_backward_fits(calls[end]->geom) &&
        gli_cuda_view_as_is(calls[0], gli_cuda_dropout_kernel, &c.first) &&
        gli_cuda_view_as_is(calls[end], gli_cuda_max_pool2d_backward_kernel, &c.last) && c.first.dtype == c.last.dtype)
        c.length = end + 1;
    return c;
}

int gli_cuda_max_pool2d_chain(const gli_call *const *calls, int n) { return forward_chain(calls, n).length; }
int gli_cuda_dropout_chain(const gli_call *const *calls, int n) { return backward_chain(calls, n).length; }

glia_status gli_cuda_run_max_pool2d_chain(const gli_call *const *calls, void *const *workspaces, int n) {
    const chain c = forward_chain(calls, n);
    (void)workspaces;
    GLI_TRY(gli_cuda_check_chain(calls, n, c.length));
    const gli_pool2d_arrays arrays = gli_cuda_pool2d_forward(calls[0], &c.first, false);
    GLI_CUDA_TRY(calls[0]->ctx,
                 gli_kernel_max_pool2d_dropout(calls[0]->geom, &arrays, calls[n - 1]->geom, c.last.in[GLI_DROPOUT_STEP],
                                               c.last.out[0], c.last.stream));
    return GLIA_OK;
}

glia_status gli_cuda_run_dropout_chain(const gli_call *const *calls, void *const *workspaces, int n) {
    const chain c = backward_chain(calls, n);
    (void)workspaces;
    GLI_TRY(gli_cuda_check_chain(calls, n, c.length));
    const gli_pool2d_arrays arrays = gli_cuda_max_pool2d_backward_arrays(&c.last);
    GLI_CUDA_TRY(calls[0]->ctx, gli_kernel_max_pool2d_dropout_backward(calls[n - 1]->geom, &arrays, calls[0]->geom,
                                                                       c.first.in[GLI_DROPOUT_STEP],
                                                                       c.first.in[GLI_DROPOUT_X], c.first.stream));
    return GLIA_OK;
}
