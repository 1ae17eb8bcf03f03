#include "core/dtype.h"
#include "core/provider.h"
#include "core/size.h"
#include "cuda/ops/rnn/rnn_arguments.h"
#include "cuda/ops/rnn/rnn_gemms.h"

/* A factor is NULL where no gradient needs it. */
typedef struct backward_workspace {
    int *lengths;
    void *dgates, *dh, *carry, *counters;
    void *x, *states, *inner; /* inner: r h, or o tanh(c) */
    void *gemm;
} backward_workspace;

typedef struct gemm_list {
    const gli_call *call;
    const gli_cuda_view *view; /* NULL: only sizes are set */
    glia_dtype dtype;
    gli_rnn_gemms gemms;
} gemm_list;

static bool resets(const gli_rnn_geom *g) { return g->cell == GLIA_RNN_GRU && g->reset_before; }

static bool requested(const gli_call *call, int output) {
    return call->out[output] && gli_count(call->out[output]) > 0;
}

static bool any_requested(const gli_call *call, int weight) {
    const gli_rnn_geom *g = call->geom;
    return requested(call, gli_rnn_dweight(0, weight)) ||
           (g->directions == 2 && requested(call, gli_rnn_dweight(1, weight)));
}

static void *element(const gemm_list *list, const void *array, int64_t i) {
    return gli_cuda_rnn_element(array, i, glia_dtype_size(list->dtype));
}

/* ---- the GEMMs over all steps ---- */

/* Rows of the gradient of a weight: the sum over all steps of dout, the gradients with respect to its output, times
 * `factor`, its input; and the sum of dout alone, the gradient of a bias. */
typedef struct weight_gradient {
    int weight, bias; /* which outputs; bias -1: there is none */
    int first, rows, columns;
    const void *dout, *factor;
    int64_t dout_row, factor_row;
} weight_gradient;

static void add_weight(gemm_list *list, const weight_gradient *g) {
    const bool weight = requested(list->call, g->weight), bias = g->bias >= 0 && requested(list->call, g->bias);
    if (!weight && !bias) return;
    gli_gemm *p = &list->gemms.of[list->gemms.count++];
    *p          = (gli_gemm){.dtype           = list->dtype,
                             .m               = g->rows,
                             .n               = weight ? g->columns : 0,
                             .k               = (int)gli_cuda_rnn_rows(list->call->geom),
                             .a               = {.data = g->dout, .row_stride = 1, .column_stride = g->dout_row},
                             .b               = {.data = g->factor, .row_stride = g->factor_row, .column_stride = 1},
                             .y               = {.row_stride = g->columns, .column_stride = 1},
                             .alpha           = 1,
                             .wide_y          = true,
                             .has_row_sums    = bias,
                             .row_sums_stride = 1};
    if (!list->view) return;
    const size_t size = gli_cuda_rnn_compute_size(list->dtype);
    if (weight) p->y.data = gli_cuda_rnn_element(list->view->out[g->weight], (int64_t)g->first * g->columns, size);
    if (bias) p->row_sums = gli_cuda_rnn_element(list->view->out[g->bias], g->first, size);
}

/* dx = the sum over the directions of dgates w_ih. */
static void add_input(gemm_list *list, int d, const void *dgates, int64_t row) {
    const gli_rnn_geom *g = list->call->geom;
    if (!list->call->out[GLI_RNN_BACK_DX]) return;
    gli_gemm *p = &list->gemms.of[list->gemms.count++];
    *p          = (gli_gemm){.dtype = list->dtype,
                             .m     = (int)gli_cuda_rnn_rows(g),
                             .n     = g->inputs,
                             .k     = g->gates * g->hidden,
                             .a     = {.data = dgates, .row_stride = row, .column_stride = 1},
                             .b     = {.row_stride = g->inputs, .column_stride = 1},
                             .y     = {.row_stride = g->inputs, .column_stride = 1},
                             .alpha = 1,
                             .beta  = 1};
    if (!list->view) return;
    p->b.data = list->view->in[gli_rnn_weight(d, GLI_RNN_W_IH)];
    p->y.data = list->view->out[GLI_RNN_BACK_DX];
    if (d > 0) p->c = p->y;
}

/* Gate n of a GRU has rows of w_hh for itself. With the reset after the GEMM its gradient is the fourth of dgates; with
 * the reset before it, it is the third, and its factor is r h. */
static void add_state(gemm_list *list, int d, weight_gradient all, const void *inner) {
    const gli_rnn_geom *g = list->call->geom;
    all.weight = gli_rnn_dweight(d, GLI_RNN_W_HH), all.bias = gli_rnn_dweight(d, GLI_RNN_B_HH);
    if (g->cell != GLIA_RNN_GRU) {
        add_weight(list, &all);
        return;
    }
    weight_gradient last = all;
    all.rows = last.first = 2 * g->hidden;
    last.rows             = g->hidden;
    last.dout             = element(list, all.dout, (g->reset_before ? 2 : 3) * (int64_t)g->hidden);
    if (g->reset_before) last.factor = inner;
    add_weight(list, &all);
    add_weight(list, &last);
}

static void add_direction(gemm_list *list, int d, int count, const backward_workspace *w) {
    const gli_rnn_geom *g = list->call->geom;
    const int64_t rows = gli_cuda_rnn_rows(g) * d, width = (int64_t)count * g->hidden;
    const int gates     = g->gates * g->hidden;
    const void *dgates  = element(list, w->dgates, rows * width);
    const void *states  = element(list, w->states, rows * g->outputs);
    const void *inner   = element(list, w->inner, rows * g->hidden);
    weight_gradient all = {.rows = gates, .columns = g->inputs, .dout = dgates, .dout_row = width};
    add_input(list, d, dgates, width);
    all.weight = gli_rnn_dweight(d, GLI_RNN_W_IH), all.bias = gli_rnn_dweight(d, GLI_RNN_B_IH);
    all.factor = w->x, all.factor_row = g->inputs;
    add_weight(list, &all);
    all.columns = g->outputs, all.factor = states, all.factor_row = g->outputs;
    add_state(list, d, all, inner);
    if (!g->projection) return;
    const weight_gradient projection = {.weight     = gli_rnn_dweight(d, GLI_RNN_W_HR),
                                        .bias       = -1,
                                        .rows       = g->outputs,
                                        .columns    = g->hidden,
                                        .dout       = element(list, w->dh, rows * g->outputs),
                                        .dout_row   = g->outputs,
                                        .factor     = inner,
                                        .factor_row = g->hidden};
    add_weight(list, &projection);
}

static gli_rnn_gemms gemms_of(const gli_call *call, const gli_rnn_layer *layer, const gli_cuda_view *view,
                              const backward_workspace *w) {
    gemm_list list = {.call = call, .view = view, .dtype = layer->dtype};
    for (int d = 0; d < layer->geom.directions; ++d) add_direction(&list, d, gli_rnn_dgates(layer), w);
    return list.gemms;
}

static size_t gemm_workspace(const gli_call *call, const gli_rnn_layer *layer) {
    const backward_workspace none = {0};
    const gli_rnn_gemms gemms     = gemms_of(call, layer, NULL, &none);
    return gli_cuda_rnn_gemm_workspace(&gemms);
}

/* ---- the whole pass ---- */

/* partition: of the persistent kernel; NULL: there is one launch or two for each step. */
static backward_workspace lay_out(const gli_call *call, const gli_rnn_layer *layer, const gli_rnn_partition *partition,
                                  gli_cuda_arena *arena) {
    const gli_rnn_geom *g = call->geom;
    const bool masks      = call->in[GLI_RNN_LENGTHS] && any_requested(call, GLI_RNN_W_IH);
    const bool inner =
        (resets(g) && any_requested(call, GLI_RNN_W_HH)) || (g->projection && any_requested(call, GLI_RNN_W_HR));
    const size_t size = glia_dtype_size(layer->dtype), compute_size = gli_cuda_rnn_compute_size(layer->dtype);
    const size_t counters = partition ? gli_kernel_rnn_counter_bytes(partition) : 0;
    const int64_t rows = gli_cuda_rnn_rows(g), all = rows * g->directions;
    const int64_t carried = g->gates > 1 ? (int64_t)g->directions * g->batch * g->hidden : 0;
    backward_workspace w  = {0};
    w.lengths             = gli_cuda_arena_take(arena, call->in[GLI_RNN_LENGTHS] ? g->batch : 0, sizeof(int));
    w.dgates              = gli_cuda_arena_take(arena, all * gli_rnn_dgates(layer) * g->hidden, size);
    w.dh                  = gli_cuda_arena_take(arena, g->projection ? all * g->outputs : 0, size);
    w.carry               = gli_cuda_arena_take(arena, carried, compute_size);
    w.counters            = gli_cuda_arena_take(arena, (int64_t)counters, 1);
    if (masks) w.x = gli_cuda_arena_take(arena, rows * g->inputs, size);
    if (any_requested(call, GLI_RNN_W_HH)) w.states = gli_cuda_arena_take(arena, all * g->outputs, size);
    if (inner) w.inner = gli_cuda_arena_take(arena, all * g->hidden, size);
    w.gemm = gli_cuda_arena_take(arena, (int64_t)gemm_workspace(call, layer), 1);
    return w;
}

static size_t workspace(const gli_call *call, glia_dtype dtype) {
    const gli_rnn_layer layer = gli_cuda_rnn_layer(call, dtype, NULL);
    gli_cuda_arena arena      = {0};
    lay_out(call, &layer, NULL, &arena);
    return arena.used;
}

static size_t workspace_of(const gli_call *call, glia_dtype dtype, bool tensor_cores) {
    const gli_rnn_layer layer   = gli_cuda_rnn_layer(call, dtype, NULL);
    gli_cuda_arena arena        = {0};
    gli_rnn_partition partition = {0};
    gli_cuda_rnn_partition(call, tensor_cores, &partition);
    lay_out(call, &layer, &partition, &arena);
    return arena.used;
}

static size_t persistent_workspace(const gli_call *call, glia_dtype dtype) { return workspace_of(call, dtype, false); }
static size_t tensor_workspace(const gli_call *call, glia_dtype dtype) { return workspace_of(call, dtype, true); }

static gli_rnn_backward_arrays arrays_of(const gli_call *call, const gli_cuda_view *v, const backward_workspace *w) {
    const gli_rnn_geom *g     = call->geom;
    gli_rnn_backward_arrays b = {.y      = v->in[GLI_RNN_BACK_Y],
                                 .dy     = v->in[GLI_RNN_BACK_DY],
                                 .dh_n   = v->in[GLI_RNN_BACK_DH_N],
                                 .dc_n   = v->in[GLI_RNN_BACK_DC_N],
                                 .dh0    = v->out[GLI_RNN_BACK_DH0],
                                 .dgates = w->dgates,
                                 .dh     = w->dh,
                                 .carry  = w->carry};
    if (g->gates > 1) b.gates = v->in[GLI_RNN_BACK_SAVED];
    if (g->cell == GLIA_RNN_LSTM)
        b.cells = gli_cuda_rnn_element(b.gates, gli_cuda_rnn_gates(g), gli_cuda_rnn_compute_size(v->dtype));
    return b;
}

/* What the weights were multiplied with. */
static glia_status write_factors(const gli_call *call, const gli_cuda_view *v, const gli_rnn_layer *layer,
                                 const gli_rnn_backward_arrays *arrays, const backward_workspace *w) {
    const gli_rnn_geom *g      = call->geom;
    const gli_rnn_factor inner = g->projection ? GLI_RNN_UNPROJECTED : GLI_RNN_RESET;
    if (w->x) GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_mask(layer, v->in[GLI_RNN_X], g->inputs, w->x, v->stream));
    if (w->states) GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_factor(layer, arrays, GLI_RNN_STATES, w->states, v->stream));
    if (w->inner) GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_factor(layer, arrays, inner, w->inner, v->stream));
    return GLIA_OK;
}

static glia_status multiply(const gli_call *call, const gli_cuda_view *v, const gli_rnn_layer *layer,
                            backward_workspace w) {
    if (!w.x) w.x = (void *)v->in[GLI_RNN_X];
    const gli_rnn_gemms gemms = gemms_of(call, layer, v, &w);
    return gli_cuda_rnn_multiply(call, &gemms, v->plan, w.gemm);
}

/* Arrays of the workspace are more aligned than cuBLASLt asks for. */
static gli_rnn_gemms planned_gemms(const gli_call *call) {
    const gli_cuda_view v     = gli_cuda_rnn_placeholders(call);
    const gli_rnn_layer layer = gli_cuda_rnn_layer(call, v.dtype, NULL);
    gli_cuda_arena arena      = {.workspace = (char *)(uintptr_t)GLI_CUDA_ALIGNMENT};
    backward_workspace w      = lay_out(call, &layer, NULL, &arena);
    if (!w.x) w.x = (void *)v.in[GLI_RNN_X];
    return gemms_of(call, &layer, &v, &w);
}

static glia_status run_steps(const gli_call *call, const gli_cuda_view *v, const gli_rnn_partition *partition) {
    const gli_rnn_geom *g                = call->geom;
    gli_cuda_arena arena                 = {.workspace = v->workspace};
    gli_rnn_layer layer                  = gli_cuda_rnn_layer(call, v->dtype, v);
    const backward_workspace w           = lay_out(call, &layer, partition, &arena);
    const gli_rnn_backward_arrays arrays = arrays_of(call, v, &w);
    GLI_TRY(gli_cuda_rnn_lengths(call, v, w.lengths, &layer));
    if (partition && partition->tensor_cores)
        GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_backward_tensor(&layer, &arrays, partition, w.counters, v->stream));
    else if (partition)
        GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_backward_persistent(&layer, &arrays, partition, w.counters, v->stream));
    else
        GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_backward(&layer, &arrays, v->stream));
    GLI_TRY(write_factors(call, v, &layer, &arrays, &w));
    GLI_TRY(multiply(call, v, &layer, w));
    for (int d = 0; d < g->directions; ++d)
        if (requested(call, gli_rnn_dweight(d, GLI_RNN_PEEPHOLE)))
            GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_peephole(&layer, &arrays, d,
                                                            v->out[gli_rnn_dweight(d, GLI_RNN_PEEPHOLE)], v->stream));
    if (requested(call, GLI_RNN_BACK_DC0))
        GLI_CUDA_TRY(call->ctx,
                     gli_kernel_rnn_last_cells(&layer, arrays.carry, arrays.dc_n, v->out[GLI_RNN_BACK_DC0], v->stream));
    return GLIA_OK;
}

static glia_status rnn_backward(const gli_call *call, const gli_cuda_view *v) { return run_steps(call, v, NULL); }

static glia_status run_at_once(const gli_call *call, const gli_cuda_view *v, bool tensor_cores) {
    gli_rnn_partition partition = {0};
    gli_cuda_rnn_partition(call, tensor_cores, &partition);
    return run_steps(call, v, &partition);
}

static glia_status rnn_backward_persistent(const gli_call *call, const gli_cuda_view *v) {
    return run_at_once(call, v, false);
}
static glia_status rnn_backward_tensor_cores(const gli_call *call, const gli_cuda_view *v) {
    return run_at_once(call, v, true);
}

GLI_CUDA_RNN_PROVIDER(rnn_backward, tensor_cores, GLI_ACCEPTS_RNN_TENSOR_CORES, gli_cuda_rnn_decline_tensor_cores,
                      planned_gemms, .run = rnn_backward_tensor_cores, .prepare = gli_cuda_rnn_check_size,
                      .workspace = tensor_workspace, .typed_in = 1 << GLI_RNN_LENGTHS | 1 << GLI_RNN_BACK_SAVED,
                      .narrow_in = 1 << GLI_RNN_H0);

GLI_CUDA_RNN_PROVIDER(rnn_backward, persistent, GLI_ACCEPTS_RNN_PERSISTENT, gli_cuda_rnn_decline_persistent,
                      planned_gemms, .run = rnn_backward_persistent, .prepare = gli_cuda_rnn_check_size,
                      .workspace = persistent_workspace, .typed_in = 1 << GLI_RNN_LENGTHS | 1 << GLI_RNN_BACK_SAVED,
                      .narrow_in = 1 << GLI_RNN_H0);
GLI_CUDA_RNN_PROVIDER(rnn_backward, portable, GLI_ACCEPTS_ALL, NULL, planned_gemms, .run = rnn_backward,
                      .prepare = gli_cuda_rnn_check_size, .workspace = workspace,
                      .typed_in = 1 << GLI_RNN_LENGTHS | 1 << GLI_RNN_BACK_SAVED, .narrow_in = 1 << GLI_RNN_H0);
