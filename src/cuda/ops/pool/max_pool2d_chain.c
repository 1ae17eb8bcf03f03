#include "cuda/ops/pool/max_pool2d_chain.h"

#include "kernels/pool/max_pool2d_dropout_launch.h"
#include "ops/movement/cast_geom.h"
#include "ops/random/dropout_geom.h"

/* By name: a library of a device has the ops' descriptors once more. */
static bool is(const gli_call *call, const gli_op *op) { return strcmp(call->op->name, op->name) == 0; }

/* `next` reads with its input `input` what `call` computes first, which nothing else does. */
static bool feeds(const gli_call *call, const gli_call *next, int input) {
    return (call->passed_on & 1) && call->out[0] && next->in[input] && next->in[input]->data == call->out[0]->data;
}

/* Changes nothing but the order of elements in memory. */
static bool only_moves(const gli_call *call) {
    return is(call, &gli_op_cast) && call->in[GLI_CAST_X]->dtype == call->out[0]->dtype;
}

/* The last of the calls that the first one, a cast and another op make; 0: they make none. */
static int end_of(const gli_call *const *calls, int n, const gli_op *last, int input) {
    const int end = n > 2 && only_moves(calls[1]) && feeds(calls[0], calls[1], GLI_CAST_X) ? 2 : 1;
    return end < n && is(calls[end], last) && feeds(calls[end - 1], calls[end], input) ? end : 0;
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

static glia_status check_length(const gli_call *const *calls, int n, const chain *c) {
    GLI_REQUIRE(calls[0]->ctx, c->length == n && n > 1, GLIA_UNSUPPORTED,
                "%s: a chain of %d calls has become one of %d", calls[0]->op->name, n, c->length);
    return GLIA_OK;
}

glia_status gli_cuda_run_max_pool2d_chain(const gli_call *const *calls, void *const *workspaces, int n) {
    const chain c = forward_chain(calls, n);
    (void)workspaces;
    GLI_TRY(check_length(calls, n, &c));
    const gli_pool2d_arrays arrays = gli_cuda_pool2d_forward(calls[0], &c.first, false);
    GLI_CUDA_TRY(calls[0]->ctx,
                 gli_kernel_max_pool2d_dropout(calls[0]->geom, &arrays, calls[n - 1]->geom, c.last.in[GLI_DROPOUT_STEP],
                                               c.last.out[0], c.last.stream));
    return GLIA_OK;
}

glia_status gli_cuda_run_dropout_chain(const gli_call *const *calls, void *const *workspaces, int n) {
    const chain c = backward_chain(calls, n);
    (void)workspaces;
    GLI_TRY(check_length(calls, n, &c));
    const gli_pool2d_arrays arrays = gli_cuda_max_pool2d_backward_arrays(&c.last);
    GLI_CUDA_TRY(calls[0]->ctx, gli_kernel_max_pool2d_dropout_backward(calls[n - 1]->geom, &arrays, calls[0]->geom,
                                                                       c.first.in[GLI_DROPOUT_STEP],
                                                                       c.first.in[GLI_DROPOUT_X], c.first.stream));
    return GLIA_OK;
}
