#include "core/dtype.h"
#include "core/provider.h"
#include "core/size.h"
#include "cuda/ops/rnn/rnn_arguments.h"
#include "cuda/ops/rnn/rnn_gemms.h"

typedef struct forward_workspace {
    int *lengths;
    void *input_gates, *intermediate, *running, *counters, *gemm;
} forward_workspace;

/* All steps of one direction at once: input_gates = x w_ih^T + b_ih. */
static gli_gemm input_gemm(const gli_rnn_geom *g, glia_dtype dtype) {
    return (gli_gemm){.dtype = dtype,
                      .m     = (int)gli_cuda_rnn_rows(g),
                      .n     = g->gates * g->hidden,
                      .k     = g->inputs,
                      .a     = {.row_stride = g->inputs, .column_stride = 1},
                      .b     = {.row_stride = 1, .column_stride = g->inputs},
                      .c     = {.row_stride = 0, .column_stride = 1},
                      .y     = {.row_stride = (int64_t)g->gates * g->hidden, .column_stride = 1},
                      .alpha = 1,
                      .beta  = 1};
}

/* partition: of the persistent kernel; NULL: there is one launch or two for each step. */
static forward_workspace lay_out(const gli_call *call, glia_dtype dtype, const gli_rnn_partition *partition,
                                 gli_cuda_arena *arena) {
    const gli_rnn_geom *g = call->geom;
    const size_t size = glia_dtype_size(dtype), compute_size = gli_cuda_rnn_compute_size(dtype);
    const int64_t units   = (int64_t)g->directions * g->batch * g->hidden;
    const bool resets     = g->cell == GLIA_RNN_GRU && g->reset_before;
    const gli_gemm gemm   = input_gemm(g, dtype);
    const size_t counters = partition ? gli_kernel_rnn_counter_bytes(partition) : 0;
    forward_workspace w;
    w.lengths      = gli_cuda_arena_take(arena, call->in[GLI_RNN_LENGTHS] ? g->batch : 0, sizeof(int));
    w.input_gates  = gli_cuda_arena_take(arena, units * g->steps * g->gates, size);
    w.intermediate = gli_cuda_arena_take(arena, g->projection || resets ? units : 0, size);
    w.running      = gli_cuda_arena_take(arena, g->cell == GLIA_RNN_LSTM || resets ? units : 0, compute_size);
    w.counters     = gli_cuda_arena_take(arena, (int64_t)counters, 1);
    w.gemm         = gli_cuda_arena_take(arena, (int64_t)gli_kernel_matmul_workspace(&gemm), 1);
    return w;
}

static size_t workspace(const gli_call *call, glia_dtype dtype) {
    gli_cuda_arena arena = {0};
    lay_out(call, dtype, NULL, &arena);
    return arena.used;
}

static size_t workspace_of(const gli_call *call, glia_dtype dtype, bool tensor_cores) {
    gli_cuda_arena arena        = {0};
    gli_rnn_partition partition = {0};
    gli_cuda_rnn_partition(call, tensor_cores, &partition);
    lay_out(call, dtype, &partition, &arena);
    return arena.used;
}

static size_t persistent_workspace(const gli_call *call, glia_dtype dtype) { return workspace_of(call, dtype, false); }
static size_t tensor_workspace(const gli_call *call, glia_dtype dtype) { return workspace_of(call, dtype, true); }

static gli_rnn_gemms gemms_of(const gli_call *call, const gli_cuda_view *v, const void *input_gates) {
    const gli_rnn_geom *g = call->geom;
    const int64_t gates   = gli_cuda_rnn_rows(g) * g->gates * g->hidden;
    gli_rnn_gemms gemms   = {.count = g->directions};
    for (int d = 0; d < g->directions; ++d) {
        gli_gemm *p = &gemms.of[d];
        *p          = input_gemm(g, v->dtype);
        p->a.data   = v->in[GLI_RNN_X];
        p->b.data   = v->in[gli_rnn_weight(d, GLI_RNN_W_IH)];
        p->c.data   = v->in[gli_rnn_weight(d, GLI_RNN_B_IH)];
        p->y.data   = gli_cuda_rnn_element(input_gates, d * gates, glia_dtype_size(v->dtype));
    }
    return gemms;
}

/* Arrays of the workspace are more aligned than cuBLASLt asks for. */
static gli_rnn_gemms planned_gemms(const gli_call *call) {
    const gli_cuda_view v = gli_cuda_rnn_placeholders(call);
    return gemms_of(call, &v, (const void *)(uintptr_t)GLI_CUDA_ALIGNMENT);
}

static glia_status run_steps(const gli_call *call, const gli_cuda_view *v, const gli_rnn_partition *partition) {
    const gli_rnn_geom *g         = call->geom;
    gli_cuda_arena arena          = {.workspace = v->workspace};
    const forward_workspace w     = lay_out(call, v->dtype, partition, &arena);
    gli_rnn_layer layer           = gli_cuda_rnn_layer(call, v->dtype, v);
    gli_rnn_forward_arrays arrays = {
        .input_gates = w.input_gates, .y = v->out[GLI_RNN_Y], .intermediate = w.intermediate, .running = w.running};
    if (g->gates > 1) arrays.gates = v->out[GLI_RNN_SAVED];
    if (g->cell == GLIA_RNN_LSTM)
        arrays.cells = gli_cuda_rnn_element(arrays.gates, gli_cuda_rnn_gates(g), gli_cuda_rnn_compute_size(v->dtype));
    GLI_TRY(gli_cuda_rnn_lengths(call, v, w.lengths, &layer));
    const gli_rnn_gemms gemms = gemms_of(call, v, w.input_gates);
    GLI_TRY(gli_cuda_rnn_multiply(call, &gemms, v->plan, w.gemm));
    if (partition && partition->tensor_cores)
        GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_tensor(&layer, &arrays, partition, w.counters, v->stream));
    else if (partition)
        GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_persistent(&layer, &arrays, partition, w.counters, v->stream));
    else
        GLI_CUDA_TRY(call->ctx, gli_kernel_rnn(&layer, &arrays, v->stream));
    if (v->out[GLI_RNN_H_N])
        GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_last_states(&layer, arrays.y, v->out[GLI_RNN_H_N], v->stream));
    if (v->out[GLI_RNN_C_N] && g->cell == GLIA_RNN_LSTM)
        GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_last_cells(&layer, w.running, layer.c0, v->out[GLI_RNN_C_N], v->stream));
    return GLIA_OK;
}

static glia_status rnn(const gli_call *call, const gli_cuda_view *v) { return run_steps(call, v, NULL); }

static glia_status run_at_once(const gli_call *call, const gli_cuda_view *v, bool tensor_cores) {
    gli_rnn_partition partition = {0};
    gli_cuda_rnn_partition(call, tensor_cores, &partition);
    return run_steps(call, v, &partition);
}

static glia_status rnn_persistent(const gli_call *call, const gli_cuda_view *v) { return run_at_once(call, v, false); }
static glia_status rnn_tensor_cores(const gli_call *call, const gli_cuda_view *v) { return run_at_once(call, v, true); }

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_rnn_geom *g = call->geom;
    const size_t size     = gli_cuda_rnn_compute_size(call->in[GLI_RNN_X]->dtype);
    GLI_TRY(gli_cuda_rnn_check_size(call, out));
    /* One element where nothing is saved: 0 would mean all of the output. */
    out->saved = (size_t)gli_max_i64(1, gli_cuda_rnn_gates(g) + gli_cuda_rnn_cells(g)) * size;
    return GLIA_OK;
}

static glia_status prepare_persistent(const gli_call *call, gli_prepared *out) {
    GLI_TRY(gli_cuda_rnn_check_blocks(call, false));
    return prepare(call, out);
}

static glia_status prepare_tensor_cores(const gli_call *call, gli_prepared *out) {
    GLI_TRY(gli_cuda_rnn_check_blocks(call, true));
    return prepare(call, out);
}

GLI_CUDA_RNN_PROVIDER(rnn, tensor_cores, GLI_ACCEPTS_RNN_TENSOR_CORES, gli_cuda_rnn_decline_tensor_cores, planned_gemms,
                      .run = rnn_tensor_cores, .prepare = prepare_tensor_cores, .workspace = tensor_workspace,
                      .typed_in = 1 << GLI_RNN_LENGTHS, .typed_out = 1 << GLI_RNN_SAVED, .narrow_in = 1 << GLI_RNN_H0);
GLI_CUDA_RNN_PROVIDER(rnn, persistent, GLI_ACCEPTS_RNN_PERSISTENT, gli_cuda_rnn_decline_persistent, planned_gemms,
                      .run = rnn_persistent, .prepare = prepare_persistent, .workspace = persistent_workspace,
                      .typed_in = 1 << GLI_RNN_LENGTHS, .typed_out = 1 << GLI_RNN_SAVED, .narrow_in = 1 << GLI_RNN_H0);
GLI_CUDA_RNN_PROVIDER(rnn, portable, GLI_ACCEPTS_ALL, NULL, planned_gemms, .run = rnn, .prepare = prepare,
                      .workspace = workspace, .typed_in = 1 << GLI_RNN_LENGTHS, .typed_out = 1 << GLI_RNN_SAVED,
                      .narrow_in = 1 << GLI_RNN_H0);
