#include "core/dtype.h"
#include "core/size.h"
#include "cuda/ops/rnn/rnn_arguments.h"

/* A factor is NULL where no gradient needs it. */
typedef struct backward_workspace {
    int *lengths;
    void *sums, *dh, *carry, *counters;
    void *x, *states, *inner; /* inner: r h, or o tanh(c) */
    void *product;
} backward_workspace;

/* Of each direction: dx, dw_ih, dw_hh in two parts, dw_hr. */
enum { MOST_PRODUCTS = 5 * GLI_RNN_MAX_DIRECTIONS };

typedef struct product_list {
    const gli_call *call;
    const gli_cuda_view *view; /* NULL: only the sizes are wanted */
    glia_dtype dtype;
    gli_gemm at[MOST_PRODUCTS];
    int count;
} product_list;

static bool resets(const gli_rnn_geom *g) { return g->cell == GLIA_RNN_GRU && g->reset_before; }

static bool wants(const gli_call *call, int output) { return call->out[output] && gli_count(call->out[output]) > 0; }

static bool wants_any(const gli_call *call, int weight) {
    const gli_rnn_geom *g = call->geom;
    return wants(call, gli_rnn_dweight(0, weight)) || (g->directions == 2 && wants(call, gli_rnn_dweight(1, weight)));
}

static void *element(const product_list *list, const void *array, int64_t i) {
    return gli_cuda_rnn_at(array, i, glia_dtype_size(list->dtype));
}

/* ---- the products over all steps ---- */

/* Rows of a weight's gradient: the sum over all steps of `by`, the gradients by what the weight gave, times `factor`,
 * what it was multiplied with; and the sum of `by` alone, which is the gradient of a bias. */
typedef struct weight_gradient {
    int weight, bias; /* which outputs; bias -1: there is none */
    int first, rows, columns;
    const void *by, *factor;
    int64_t by_row, factor_row;
} weight_gradient;

static void add_weight(product_list *list, const weight_gradient *g) {
    const bool weight = wants(list->call, g->weight), bias = g->bias >= 0 && wants(list->call, g->bias);
    if (!weight && !bias) return;
    gli_gemm *p = &list->at[list->count++];
    *p          = (gli_gemm){.dtype           = list->dtype,
                             .m               = g->rows,
                             .n               = weight ? g->columns : 0,
                             .k               = (int)gli_cuda_rnn_rows(list->call->geom),
                             .a               = {.data = g->by, .row_stride = 1, .column_stride = g->by_row},
                             .b               = {.data = g->factor, .row_stride = g->factor_row, .column_stride = 1},
                             .y               = {.row_stride = g->columns, .column_stride = 1},
                             .alpha           = 1,
                             .has_row_sums    = bias,
                             .row_sums_stride = 1};
    if (!list->view) return;
    if (weight) p->y.data = element(list, list->view->out[g->weight], (int64_t)g->first * g->columns);
    if (bias) p->row_sums = element(list, list->view->out[g->bias], g->first);
}

/* dx = the sum over the directions of sums w_ih. */
static void add_input(product_list *list, int d, const void *sums, int64_t row) {
    const gli_rnn_geom *g = list->call->geom;
    gli_gemm *p           = &list->at[list->count++];
    *p                    = (gli_gemm){.dtype = list->dtype,
                                       .m     = (int)gli_cuda_rnn_rows(g),
                                       .n     = g->inputs,
                                       .k     = g->gates * g->hidden,
                                       .a     = {.data = sums, .row_stride = row, .column_stride = 1},
                                       .b     = {.row_stride = g->inputs, .column_stride = 1},
                                       .y     = {.row_stride = g->inputs, .column_stride = 1},
                                       .alpha = 1,
                                       .beta  = 1};
    if (!list->view) return;
    p->b.data = list->view->in[gli_rnn_weight(d, GLI_RNN_W_IH)];
    p->y.data = list->view->out[GLI_RNN_BACK_DX];
    if (d > 0) p->c = p->y;
}

/* GRU's gate n has rows of w_hh for itself: with the reset after the product its gradients are those of the fourth
 * block, with the reset before it the third block's belong to r h. */
static void add_state(product_list *list, int d, weight_gradient all, const void *inner) {
    const gli_rnn_geom *g = list->call->geom;
    all.weight = gli_rnn_dweight(d, GLI_RNN_W_HH), all.bias = gli_rnn_dweight(d, GLI_RNN_B_HH);
    if (g->cell != GLIA_RNN_GRU) {
        add_weight(list, &all);
        return;
    }
    weight_gradient last = all;
    all.rows = last.first = 2 * g->hidden;
    last.rows             = g->hidden;
    last.by               = element(list, all.by, (g->reset_before ? 2 : 3) * (int64_t)g->hidden);
    if (g->reset_before) last.factor = inner;
    add_weight(list, &all);
    add_weight(list, &last);
}

static void add_direction(product_list *list, int d, int blocks, const backward_workspace *w) {
    const gli_rnn_geom *g = list->call->geom;
    const int64_t rows = gli_cuda_rnn_rows(g) * d, width = (int64_t)blocks * g->hidden;
    const int gates     = g->gates * g->hidden;
    const void *sums    = element(list, w->sums, rows * width);
    const void *states  = element(list, w->states, rows * g->outputs);
    const void *inner   = element(list, w->inner, rows * g->hidden);
    weight_gradient all = {.rows = gates, .columns = g->inputs, .by = sums, .by_row = width};
    add_input(list, d, sums, width);
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
                                        .by         = element(list, w->dh, rows * g->outputs),
                                        .by_row     = g->outputs,
                                        .factor     = inner,
                                        .factor_row = g->hidden};
    add_weight(list, &projection);
}

static product_list products_of(const gli_call *call, const gli_rnn_layer *layer, const gli_cuda_view *view,
                                const backward_workspace *w) {
    product_list list = {.call = call, .view = view, .dtype = layer->dtype};
    for (int d = 0; d < layer->directions; ++d) add_direction(&list, d, gli_rnn_blocks(layer), w);
    return list;
}

static size_t product_workspace(const gli_call *call, const gli_rnn_layer *layer) {
    const backward_workspace none = {0};
    const product_list list       = products_of(call, layer, NULL, &none);
    size_t most                   = 0;
    for (int i = 0; i < list.count; ++i) {
        const size_t bytes = gli_kernel_matmul_workspace(&list.at[i]);
        if (bytes > most) most = bytes;
    }
    return most;
}

/* ---- the whole pass ---- */

/* deal: for all steps in one launch; NULL: in a launch or two each. */
static backward_workspace cut(const gli_call *call, const gli_rnn_layer *layer, const gli_rnn_deal *deal,
                              gli_cuda_pieces *p) {
    const gli_rnn_geom *g = call->geom;
    const bool masks      = call->in[GLI_RNN_LENGTHS] && wants_any(call, GLI_RNN_W_IH);
    const bool inner = (resets(g) && wants_any(call, GLI_RNN_W_HH)) || (g->projection && wants_any(call, GLI_RNN_W_HR));
    const size_t size  = glia_dtype_size(layer->dtype);
    const int64_t rows = gli_cuda_rnn_rows(g), all = rows * g->directions;
    backward_workspace w = {0};
    w.lengths            = gli_cuda_piece(p, call->in[GLI_RNN_LENGTHS] ? g->batch : 0, sizeof(int));
    w.sums               = gli_cuda_piece(p, all * gli_rnn_blocks(layer) * g->hidden, size);
    w.dh                 = gli_cuda_piece(p, g->projection ? all * g->outputs : 0, size);
    w.carry              = gli_cuda_piece(p, g->gates > 1 ? (int64_t)g->directions * g->batch * g->hidden : 0,
                                          gli_cuda_rnn_sum_size(layer->dtype));
    w.counters           = gli_cuda_piece(p, deal ? (int64_t)gli_kernel_rnn_counter_bytes(deal) : 0, 1);
    if (masks) w.x = gli_cuda_piece(p, rows * g->inputs, size);
    if (wants_any(call, GLI_RNN_W_HH)) w.states = gli_cuda_piece(p, all * g->outputs, size);
    if (inner) w.inner = gli_cuda_piece(p, all * g->hidden, size);
    w.product = gli_cuda_piece(p, (int64_t)product_workspace(call, layer), 1);
    return w;
}

static size_t workspace(const gli_call *call, glia_dtype dtype) {
    const gli_rnn_layer layer = gli_cuda_rnn_layer(call, dtype, NULL);
    gli_cuda_pieces pieces    = {0};
    cut(call, &layer, NULL, &pieces);
    return pieces.used;
}

static size_t persistent_workspace(const gli_call *call, glia_dtype dtype) {
    const gli_rnn_layer layer = gli_cuda_rnn_layer(call, dtype, NULL);
    gli_cuda_pieces pieces    = {0};
    gli_rnn_deal deal         = {0};
    gli_cuda_rnn_deal(call, &deal);
    cut(call, &layer, &deal, &pieces);
    return pieces.used;
}

static gli_rnn_backward_arrays arrays_of(const gli_call *call, const gli_cuda_view *v, const backward_workspace *w) {
    const gli_rnn_geom *g     = call->geom;
    gli_rnn_backward_arrays b = {.y     = v->in[GLI_RNN_BACK_Y],
                                 .dy    = v->in[GLI_RNN_BACK_DY],
                                 .dh_n  = v->in[GLI_RNN_BACK_DH_N],
                                 .dc_n  = v->in[GLI_RNN_BACK_DC_N],
                                 .dh0   = v->out[GLI_RNN_BACK_DH0],
                                 .sums  = w->sums,
                                 .dh    = w->dh,
                                 .carry = w->carry};
    if (g->gates > 1) b.gates = v->in[GLI_RNN_BACK_RESERVE];
    if (g->cell == GLIA_RNN_LSTM)
        b.cells = gli_cuda_rnn_at(b.gates, gli_cuda_rnn_gates(g), gli_cuda_rnn_sum_size(v->dtype));
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
    const product_list list = products_of(call, layer, v, &w);
    for (int i = 0; i < list.count; ++i) GLI_TRY(gli_cuda_rnn_multiply(call, &list.at[i], w.product));
    return GLIA_OK;
}

static glia_status run_steps(const gli_call *call, const gli_cuda_view *v, const gli_rnn_deal *deal) {
    const gli_rnn_geom *g                = call->geom;
    gli_cuda_pieces pieces               = {.workspace = v->workspace};
    gli_rnn_layer layer                  = gli_cuda_rnn_layer(call, v->dtype, v);
    const backward_workspace w           = cut(call, &layer, deal, &pieces);
    const gli_rnn_backward_arrays arrays = arrays_of(call, v, &w);
    GLI_TRY(gli_cuda_rnn_lengths(call, v, w.lengths, &layer));
    if (deal)
        GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_backward_persistent(&layer, &arrays, deal, w.counters, v->stream));
    else
        GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_backward(&layer, &arrays, v->stream));
    GLI_TRY(write_factors(call, v, &layer, &arrays, &w));
    GLI_TRY(multiply(call, v, &layer, w));
    for (int d = 0; d < g->directions; ++d)
        if (wants(call, gli_rnn_dweight(d, GLI_RNN_PEEPHOLE)))
            GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_peephole(&layer, &arrays, d,
                                                            v->out[gli_rnn_dweight(d, GLI_RNN_PEEPHOLE)], v->stream));
    if (wants(call, GLI_RNN_BACK_DC0))
        GLI_CUDA_TRY(call->ctx,
                     gli_kernel_rnn_last_cells(&layer, arrays.carry, arrays.dc_n, v->out[GLI_RNN_BACK_DC0], v->stream));
    return GLIA_OK;
}

static glia_status rnn_backward(const gli_call *call, const gli_cuda_view *v) { return run_steps(call, v, NULL); }

static glia_status rnn_backward_persistent(const gli_call *call, const gli_cuda_view *v) {
    gli_rnn_deal deal = {0};
    gli_cuda_rnn_deal(call, &deal);
    return run_steps(call, v, &deal);
}

static const gli_cuda_kernel kernel = {
    .run = rnn_backward, .workspace = workspace, .typed_in = 1 << GLI_RNN_LENGTHS | 1 << GLI_RNN_BACK_RESERVE};
static const gli_cuda_kernel persistent_kernel = {.run       = rnn_backward_persistent,
                                                  .workspace = persistent_workspace,
                                                  .typed_in  = 1 << GLI_RNN_LENGTHS | 1 << GLI_RNN_BACK_RESERVE};

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    GLI_TRY(gli_cuda_rnn_fits(call));
    return gli_cuda_view_prepare(call, &kernel, out);
}

static glia_status prepare_persistent(const gli_call *call, gli_prepared *out) {
    GLI_TRY(gli_cuda_rnn_fits(call));
    return gli_cuda_view_prepare(call, &persistent_kernel, out);
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *room) {
    (void)prepared;
    return gli_cuda_view_run(call, &kernel, room);
}

static glia_status run_persistent(const gli_call *call, const gli_prepared *prepared, void *room) {
    (void)prepared;
    return gli_cuda_view_run(call, &persistent_kernel, room);
}

const gli_provider gli_rnn_backward_portable = {
    .name = "cuda.portable", .accepts = GLI_ACCEPTS_ALL, .prepare = prepare, .run = run};
const gli_provider gli_rnn_backward_persistent = {.name    = "cuda.persistent",
                                                  .accepts = {GLI_TAKES_F32 | GLI_TAKES_HALVES, GLI_ANY_FORMAT},
                                                  .decline = gli_cuda_rnn_decline_persistent,
                                                  .prepare = prepare_persistent,
                                                  .run     = run_persistent};
