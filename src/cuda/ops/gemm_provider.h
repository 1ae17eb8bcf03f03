/* Providers whose kernels are GEMMs: each is a description of the call and a launcher. */
#ifndef GLI_CUDA_OPS_GEMM_PROVIDER_H
#define GLI_CUDA_OPS_GEMM_PROVIDER_H

#include "cuda/device/gpu_of_context.h"
#include "cuda/ops/dense_view.h"
#include "kernels/gemm/gemm_run.h"

_Static_assert((int)GLI_CUDA_ARRIVALS >= (int)GLI_GEMM_ARRIVALS, "a context has counters for each tile");

static inline gli_gemm_run gli_cuda_gemm_run(const gli_call *call, void *workspace) {
    return (gli_gemm_run){.gpu       = gli_cuda_gpu(call),
                          .math      = call->ctx->math,
                          .workspace = workspace,
                          .arrivals  = gli_cuda_of(call->ctx)->arrivals.data,
                          .stream    = call->stream};
}

/* Defines the static function `name` for the field run of a gli_cuda_kernel: launches what describe(call, view), of
 * type problem, says. */
#define GLI_CUDA_GEMM(name, problem, describe, launch)                         \
    static glia_status name(const gli_call *call, const gli_cuda_view *view) { \
        const problem p        = describe(call, view);                         \
        const gli_gemm_run how = gli_cuda_gemm_run(call, view->workspace);     \
        GLI_CUDA_TRY(call->ctx, launch(&p, &how));                             \
        return GLIA_OK;                                                        \
    }

#endif
