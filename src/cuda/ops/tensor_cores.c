#include "cuda/ops/tensor_cores.h"

#include "cuda/device/gpu_of_context.h"

enum { LEAST_SIDE = 8, OF_HALVES = 75, OF_ALL = 80 };

/* The one dtype of all tensors; GLIA_I64 where they differ. */
static glia_dtype common_dtype(const gli_call *call) {
    const glia_dtype dtype = call->in[0]->dtype;
    bool same              = true;
    for (int i = 0; i < call->n_in; ++i) same = same && (!call->in[i] || call->in[i]->dtype == dtype);
    for (int i = 0; i < call->op->n_outputs; ++i) same = same && (!call->out[i] || call->out[i]->dtype == dtype);
    return same ? dtype : GLIA_I64;
}

const char *gli_cuda_decline_tensor_product(const gli_call *call, glia_dtype dtype, int rows, int columns) {
    const int capability = gli_cuda_gpu(call).compute_capability;
    if (dtype == GLIA_F32 && call->ctx->math == GLIA_MATH_F32) return "the math of the context is f32";
    if (dtype != GLIA_F32 && dtype != GLIA_BF16 && dtype != GLIA_F16) return "only f32, bf16 and f16, not mixed";
    if (capability < (dtype == GLIA_F16 ? OF_HALVES : OF_ALL)) return "the GPU has no tensor cores for this dtype";
    if (rows < LEAST_SIDE || columns < LEAST_SIDE) return "too narrow for tensor cores";
    return NULL;
}

const char *gli_cuda_decline_tensor_cores(const gli_call *call, int rows, int columns) {
    return gli_cuda_decline_tensor_product(call, common_dtype(call), rows, columns);
}
