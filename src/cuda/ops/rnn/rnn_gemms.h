/* The GEMMs over all steps of a recurrent layer. Each is a call of matmul, or of dense_backward_weights where it is the
 * gradient of a weight, which cuBLASLt computes where it is there and takes it; else a kernel of our own does. */
#ifndef GLI_CUDA_OPS_RNN_RNN_GEMMS_H
#define GLI_CUDA_OPS_RNN_RNN_GEMMS_H

#include "cuda/ops/dense_view.h"
#include "kernels/gemm/matmul_launch.h"
#include "ops/rnn/rnn_geom.h"

/* Backward, for each direction: dx, dw_ih, dw_hh in two parts, dw_hr. */
enum { GLI_RNN_MAX_GEMMS = 5 * GLI_RNN_MAX_DIRECTIONS };

typedef struct gli_rnn_gemms {
    gli_gemm of[GLI_RNN_MAX_GEMMS];
    int count;
} gli_rnn_gemms;

/* What our own kernels need; they run one after the other. */
size_t gli_cuda_rnn_gemm_workspace(const gli_rnn_gemms *gemms);

/* Plans those that cuBLASLt computes; none where GLIA_PROVIDER asks for other kernels. Addresses may be placeholders.
 * out: what the layer's kernels need, with the workspace of the GEMMs behind the rest. It gets the state for run, and
 * the bytes that cuBLASLt wants beyond our own kernels. gli_cuda_rnn_release must follow. */
glia_status gli_cuda_rnn_plan_gemms(const gli_call *call, const gli_rnn_gemms *gemms, gli_prepared *out);
void gli_cuda_rnn_release(gli_prepared *prepared);

glia_status gli_cuda_rnn_multiply(const gli_call *call, const gli_rnn_gemms *gemms, const void *state, void *workspace);

/* Inputs and outputs of the call as they are, for plans. */
gli_cuda_view gli_cuda_rnn_placeholders(const gli_call *call);

/* Defines the provider gli_OP_SUFFIX; gemms(call) are those that its kernel will multiply, with placeholders. */
#define GLI_CUDA_RNN_PROVIDER(op, suffix, accepts_, decline_, gemms, ...)                                         \
    static const gli_cuda_kernel op##_##suffix##_kernel = {__VA_ARGS__};                                          \
    static glia_status prepare_##op##_##suffix(const gli_call *call, gli_prepared *out) {                         \
        GLI_TRY(gli_cuda_view_prepare(call, &op##_##suffix##_kernel, out));                                       \
        const gli_rnn_gemms planned = gemms(call);                                                                \
        return gli_cuda_rnn_plan_gemms(call, &planned, out);                                                      \
    }                                                                                                             \
    static glia_status run_##op##_##suffix(const gli_call *call, const gli_prepared *prepared, void *workspace) { \
        return gli_cuda_view_run_planned(call, &op##_##suffix##_kernel, prepared->state, workspace);              \
    }                                                                                                             \
    const gli_provider gli_##op##_##suffix = {.name    = "cuda." #suffix,                                         \
                                              .accepts = accepts_,                                                \
                                              .decline = decline_,                                                \
                                              .prepare = prepare_##op##_##suffix,                                 \
                                              .run     = run_##op##_##suffix,                                     \
                                              .release = gli_cuda_rnn_release}

#endif
