#include "core/dtype.h"
#include "core/size.h"
#include "cuda/ops/rnn/rnn_arguments.h"

typedef struct forward_workspace {
    int *lengths;
    void *from_input, *between, *running, *counters, *product;
} forward_workspace;

/* All steps of one direction at once: from_input = x w_ih^T + b_ih. */
static gli_gemm input_product(const gli_rnn_geom *g, glia_dtype dtype) {
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

/* deal: for all steps in one launch; NULL: in a launch or two each. */
static forward_workspace cut(const gli_call *call, glia_dtype dtype, const gli_rnn_deal *deal, gli_cuda_pieces *p) {
    const gli_rnn_geom *g  = call->geom;
    const size_t size      = glia_dtype_size(dtype);
    const int64_t units    = (int64_t)g->directions * g->batch * g->hidden;
    const bool resets      = g->cell == GLIA_RNN_GRU && g->reset_before;
    const gli_gemm product = input_product(g, dtype);
    forward_workspace w;
    w.lengths    = gli_cuda_piece(p, call->in[GLI_RNN_LENGTHS] ? g->batch : 0, sizeof(int));
    w.from_input = gli_cuda_piece(p, units * g->steps * g->gates, size);
    w.between    = gli_cuda_piece(p, g->projection || resets ? units : 0, size);
    w.running    = gli_cuda_piece(p, g->cell == GLIA_RNN_LSTM || resets ? units : 0, gli_cuda_rnn_sum_size(dtype));
    w.counters   = gli_cuda_piece(p, deal ? (int64_t)gli_kernel_rnn_counter_bytes(deal) : 0, 1);
    w.product    = gli_cuda_piece(p, (int64_t)gli_kernel_matmul_workspace(&product), 1);
    return w;
}

static size_t workspace(const gli_call *call, glia_dtype dtype) {
    gli_cuda_pieces pieces = {0};
    cut(call, dtype, NULL, &pieces);
    return pieces.used;
}

static size_t persistent_workspace(const gli_call *call, glia_dtype dtype) {
    gli_cuda_pieces pieces = {0};
    gli_rnn_deal deal      = {0};
    gli_cuda_rnn_deal(call, &deal);
    cut(call, dtype, &deal, &pieces);
    return pieces.used;
}

static glia_status multiply_input(const gli_call *call, const gli_cuda_view *v, const forward_workspace *w) {
    const gli_rnn_geom *g = call->geom;
    const int64_t gates   = gli_cuda_rnn_rows(g) * g->gates * g->hidden;
    for (int d = 0; d < g->directions; ++d) {
        gli_gemm p = input_product(g, v->dtype);
        p.a.data   = v->in[GLI_RNN_X];
        p.b.data   = v->in[gli_rnn_weight(d, GLI_RNN_W_IH)];
        p.c.data   = v->in[gli_rnn_weight(d, GLI_RNN_B_IH)];
        p.y.data   = gli_cuda_rnn_at(w->from_input, d * gates, glia_dtype_size(v->dtype));
        GLI_TRY(gli_cuda_rnn_multiply(call, &p, w->product));
    }
    return GLIA_OK;
}

static glia_status run_steps(const gli_call *call, const gli_cuda_view *v, const gli_rnn_deal *deal) {
    const gli_rnn_geom *g         = call->geom;
    gli_cuda_pieces pieces        = {.workspace = v->workspace};
    const forward_workspace w     = cut(call, v->dtype, deal, &pieces);
    gli_rnn_layer layer           = gli_cuda_rnn_layer(call, v->dtype, v);
    gli_rnn_forward_arrays arrays = {
        .from_input = w.from_input, .y = v->out[GLI_RNN_Y], .between = w.between, .running = w.running};
    if (g->gates > 1) arrays.gates = v->out[GLI_RNN_RESERVE];
    if (g->cell == GLIA_RNN_LSTM)
        arrays.cells = gli_cuda_rnn_at(arrays.gates, gli_cuda_rnn_gates(g), gli_cuda_rnn_sum_size(v->dtype));
    GLI_TRY(gli_cuda_rnn_lengths(call, v, w.lengths, &layer));
    GLI_TRY(multiply_input(call, v, &w));
    if (deal)
        GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_persistent(&layer, &arrays, deal, w.counters, v->stream));
    else
        GLI_CUDA_TRY(call->ctx, gli_kernel_rnn(&layer, &arrays, v->stream));
    if (v->out[GLI_RNN_H_N])
        GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_last_states(&layer, arrays.y, v->out[GLI_RNN_H_N], v->stream));
    if (v->out[GLI_RNN_C_N] && g->cell == GLIA_RNN_LSTM)
        GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_last_cells(&layer, w.running, layer.c0, v->out[GLI_RNN_C_N], v->stream));
    return GLIA_OK;
}

static glia_status rnn(const gli_call *call, const gli_cuda_view *v) { return run_steps(call, v, NULL); }

static glia_status rnn_persistent(const gli_call *call, const gli_cuda_view *v) {
    gli_rnn_deal deal = {0};
    gli_cuda_rnn_deal(call, &deal);
    return run_steps(call, v, &deal);
}

static const gli_cuda_kernel kernel = {
    .run = rnn, .workspace = workspace, .typed_in = 1 << GLI_RNN_LENGTHS, .typed_out = 1 << GLI_RNN_RESERVE};
static const gli_cuda_kernel persistent_kernel = {.run       = rnn_persistent,
                                                  .workspace = persistent_workspace,
                                                  .typed_in  = 1 << GLI_RNN_LENGTHS,
                                                  .typed_out = 1 << GLI_RNN_RESERVE};

static glia_status prepare_with(const gli_call *call, const gli_cuda_kernel *with, gli_prepared *out) {
    const gli_rnn_geom *g = call->geom;
    const size_t size     = gli_cuda_rnn_sum_size(call->in[GLI_RNN_X]->dtype);
    GLI_TRY(gli_cuda_rnn_fits(call));
    GLI_TRY(gli_cuda_view_prepare(call, with, out));
    /* One element where nothing is kept: 0 would stand for all of it. */
    out->saved = (size_t)gli_max_i64(1, gli_cuda_rnn_gates(g) + gli_cuda_rnn_cells(g)) * size;
    return GLIA_OK;
}

static glia_status prepare(const gli_call *call, gli_prepared *out) { return prepare_with(call, &kernel, out); }

static glia_status prepare_persistent(const gli_call *call, gli_prepared *out) {
    return prepare_with(call, &persistent_kernel, out);
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *room) {
    (void)prepared;
    return gli_cuda_view_run(call, &kernel, room);
}

static glia_status run_persistent(const gli_call *call, const gli_prepared *prepared, void *room) {
    (void)prepared;
    return gli_cuda_view_run(call, &persistent_kernel, room);
}

const gli_provider gli_rnn_portable = {
    .name = "cuda.portable", .accepts = GLI_ACCEPTS_ALL, .prepare = prepare, .run = run};
const gli_provider gli_rnn_persistent = {.name    = "cuda.persistent",
                                         .accepts = {GLI_TAKES_F32 | GLI_TAKES_HALVES, GLI_ANY_FORMAT},
                                         .decline = gli_cuda_rnn_decline_persistent,
                                         .prepare = prepare_persistent,
                                         .run     = run_persistent};
