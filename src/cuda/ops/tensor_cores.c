#include "cuda/ops/tensor_cores.h"

#include "cuda/device/gpu_of_context.h"

enum { MIN_SIDE = 8, MIN_CAPABILITY_F16 = 75, MIN_CAPABILITY = 80 };

static const char *decline(const gli_call *call, glia_dtype dtype, int rows, int columns) {
    const int capability = gli_cuda_gpu(call).compute_capability;
    if (capability < (dtype == GLIA_F16 ? MIN_CAPABILITY_F16 : MIN_CAPABILITY))
        return "the GPU has no tensor cores for this dtype";
    return rows < MIN_SIDE || columns < MIN_SIDE ? "too small for tensor cores" : NULL;
}

const char *gli_cuda_decline_tensor_cores(const gli_call *call, int rows, int columns) {
    return decline(call, call->in[0]->dtype, rows, columns);
}

const char *gli_cuda_decline_tensor_product(const gli_call *call, glia_dtype dtype, int rows, int columns) {
    if (dtype == GLIA_F32 && call->ctx->math == GLIA_MATH_F32) return "the math of the context is f32";
    if (dtype == GLIA_F64) return "tensor cores are not used for f64";
    return decline(call, dtype, rows, columns);
}
