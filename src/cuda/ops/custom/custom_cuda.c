#include "cuda/ops/strided_move.h"
#include "ops/custom/custom_impl.h"

static glia_custom_fn function_of(const gli_call *call, bool backward) {
    return gli_custom_cuda(((const gli_custom_geom *)call->geom)->params.op, backward);
}

static glia_status copy(const gli_call *call, const glia_tensor *from, const glia_tensor *to) {
    const gli_copy_geom g = gli_cuda_copy_geom(to, from, to);
    return gli_cuda_copy(call, &g);
}

static const char *decline(const gli_call *call) {
    return function_of(call, false) ? NULL : "the op has no forward for CUDA devices";
}

static const char *decline_backward(const gli_call *call) {
    return function_of(call, true) ? NULL : "the op has no backward for CUDA devices";
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    return gli_custom_run(call, function_of(call, false), false, copy, workspace);
}

static glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    return gli_custom_run(call, function_of(call, true), true, copy, workspace);
}

const gli_provider gli_custom_portable = {
    .name = "cuda.portable", .accepts = GLI_ACCEPTS_ALL, .decline = decline, .prepare = gli_custom_prepare, .run = run};
const gli_provider gli_custom_backward_portable = {.name    = "cuda.portable",
                                                   .accepts = GLI_ACCEPTS_ALL,
                                                   .decline = decline_backward,
                                                   .prepare = gli_custom_prepare,
                                                   .run     = run_backward};
