#include "cpu/native/rnn/rnn_pass.h"

/* All tensors of a layer are row-major. */
#define ACCEPTS {GLI_TAKES_F32, GLI_ROW_MAJOR}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    out->workspace = gli_rnn_pass_workspace(&gli_rnn_forward, call);
    out->saved     = gli_rnn_saved_bytes(call);
    return GLIA_OK;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    return gli_rnn_pass_run(&gli_rnn_forward, call, workspace);
}

static glia_status prepare_backward(const gli_call *call, gli_prepared *out) {
    out->workspace = gli_rnn_pass_workspace(&gli_rnn_backward, call);
    return GLIA_OK;
}

static glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    return gli_rnn_pass_run(&gli_rnn_backward, call, workspace);
}

const gli_provider gli_rnn_native = {
    .name = "cpu.native", .accepts = ACCEPTS, .decline = gli_rnn_trace_decline, .prepare = prepare, .run = run};
const gli_provider gli_rnn_backward_native = {.name    = "cpu.native",
                                              .accepts = ACCEPTS,
                                              .decline = gli_rnn_trace_decline,
                                              .prepare = prepare_backward,
                                              .run     = run_backward};
