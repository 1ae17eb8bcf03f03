/* Runs the function of a user's op, on dense copies where a tensor has gaps or another order of dimensions. It judges
 * nothing: the op has no other provider on the CPU. */
#include "cpu/reference/ref_move.h"
#include "ops/custom/custom_impl.h"

static glia_custom_fn function_of(const gli_call *call, bool backward) {
    return gli_custom_cpu(((const gli_custom_geom *)call->geom)->params.op, backward);
}

static glia_status copy(const gli_call *call, const glia_tensor *from, const glia_tensor *to) {
    (void)call;
    gli_ref_copy(from, to);
    return GLIA_OK;
}

static const char *decline(const gli_call *call) {
    return function_of(call, false) ? NULL : "the op has no forward for the CPU";
}

static const char *decline_backward(const gli_call *call) {
    return function_of(call, true) ? NULL : "the op has no backward for the CPU";
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    return gli_custom_run(call, function_of(call, false), false, copy, workspace);
}

static glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    return gli_custom_run(call, function_of(call, true), true, copy, workspace);
}

const gli_provider gli_custom_ref = {
    .name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .decline = decline, .prepare = gli_custom_prepare, .run = run};
const gli_provider gli_custom_backward_ref = {.name    = "cpu.ref",
                                              .accepts = GLI_ACCEPTS_ALL,
                                              .decline = decline_backward,
                                              .prepare = gli_custom_prepare,
                                              .run     = run_backward};
