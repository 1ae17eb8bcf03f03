#include "cuda/ops/linear/dense_chain.h"

#include <string.h>

#include "cuda/ops/gemm_provider.h"
#include "cuda/ops/loss/cross_entropy_arrays.h"
#include "kernels/loss/dense_cross_entropy_launch.h"

/* What its kernels see of the two calls. */
typedef struct chain {
    gli_gemm logits;
    gli_cuda_view loss;
} chain;

/* By name: a library of a device has the ops' descriptors once more. */
static bool is_loss_of(const gli_call *loss, const gli_call *dense) {
    return strcmp(loss->op->name, gli_op_cross_entropy_backward.name) == 0 &&
           loss->in[GLI_CROSS_ENTROPY_X]->data == dense->out[0]->data;
}

static bool chain_of(const gli_call *const *calls, int n, chain *out) {
    gli_cuda_view dense;
    if (n < 2 || !is_loss_of(calls[1], calls[0]) || !gli_cuda_view_as_is(calls[0], gli_cuda_dense_kernel, &dense) ||
        !gli_cuda_view_as_is(calls[1], gli_cuda_cross_entropy_backward_kernel, &out->loss) ||
        dense.dtype != out->loss.dtype)
        return false;
    out->logits = gli_cuda_dense_gemm(calls[0], &dense);
    return gli_kernel_dense_cross_entropy_fits(&out->logits, calls[1]->geom);
}

int gli_cuda_dense_chain(const gli_call *const *calls, int n) {
    chain c;
    return chain_of(calls, n, &c) ? 2 : 1;
}

glia_status gli_cuda_run_dense_chain(const gli_call *const *calls, void *const *workspaces, int n) {
    chain c;
    gli_cross_entropy_arrays arrays;
    const gli_gemm_run how = gli_cuda_gemm_run(calls[0], workspaces[0]);
    GLI_REQUIRE(calls[0]->ctx, n == 2 && chain_of(calls, n, &c), GLIA_UNSUPPORTED,
                "%s: a chain of %d calls is none any more", calls[0]->op->name, n);
    GLI_TRY(gli_cuda_cross_entropy_backward_arrays(calls[1], &c.loss, &arrays));
    GLI_CUDA_TRY(calls[0]->ctx, gli_kernel_dense_cross_entropy(&c.logits, calls[1]->geom, &arrays, &how));
    return GLIA_OK;
}
