#include "cpu/native/strided_copy.h"
#include "ops/custom/custom_impl.h"

static glia_custom_fn function_of(const glia_call *call, bool backward) {
    return glia_custom_cpu(((const glia_custom_geom *)call->geom)->params.op, backward);
}

static glia_status copy(const glia_call *call, const glia_tensor *from, const glia_tensor *to) {
    glia_copy_tensor(call->ctx, from, to);
    return GLIA_OK;
}

static const char *decline(const glia_call *call) {
    return function_of(call, false) ? NULL : "the op has no forward for the CPU";
}

static const char *decline_backward(const glia_call *call) {
    return function_of(call, true) ? NULL : "the op has no backward for the CPU";
}

static glia_status run(const glia_call *call, const glia_prepared *prepared, void *workspace) {
    (void)prepared;
    return glia_custom_run(call, function_of(call, false), false, copy, workspace);
}

static glia_status run_backward(const glia_call *call, const glia_prepared *prepared, void *workspace) {
    (void)prepared;
    return glia_custom_run(call, function_of(call, true), true, copy, workspace);
}

const glia_provider glia_custom_ref = {
    .name = "cpu.ref", .decline = decline, .prepare = glia_custom_prepare, .run = run};
const glia_provider glia_custom_backward_ref = {
    .name = "cpu.ref", .decline = decline_backward, .prepare = glia_custom_prepare, .run = run_backward};
