/* From the nodes of a graph to calls over the predictor's memory. */
#include <string.h>

#include "core/dtype.h"
#include "core/size.h"
#include "cpu/native/halves.h"
#include "glia/ops.h"
#include "ops/movement/transpose_geom.h"
#include "ops/rnn/rnn_geom.h"
#include "predict/predictor.h"

/* ---- Memory ---- */

enum { ROOM = 4 * GLI_ALIGNMENT }; /* more than calls read or write beyond an end */

static glia_status bytes_of(gli_predict_build *b, gli_arena *arena, size_t bytes, void **out) {
    void *memory;
    GLI_TRY(gli_arena_alloc(b->ctx, arena, bytes + GLI_ALIGNMENT, 1, &memory));
    *out = (void *)gli_align_up((uintptr_t)memory, GLI_ALIGNMENT);
    return GLIA_OK;
}

glia_status gli_predict_floats(gli_predict_build *b, int64_t count, float **out) {
    void *memory;
    size_t bytes;
    GLI_REQUIRE(b->ctx, gli_mul_size((size_t)count, sizeof **out, &bytes) && bytes < SIZE_MAX / 2, GLIA_OUT_OF_MEMORY,
                "out of memory: %lld floats for a predictor", (long long)count);
    GLI_TRY(bytes_of(b, &b->predictor->arena, gli_align_up(bytes, GLI_ALIGNMENT) + ROOM, &memory));
    *out = memory;
    return GLIA_OK;
}

glia_status gli_predict_add_state(gli_predict_build *b, int64_t count, float **out) {
    glia_predictor *p = b->predictor;
    GLI_TRY(gli_predict_floats(b, count, out));
    GLI_TRY(gli_grow(b->ctx, &p->states, &p->state_capacity, p->n_states + 1, sizeof *p->states, "a predictor"));
    p->states[p->n_states++] = (gli_predict_state){*out, (size_t)count * sizeof **out};
    return GLIA_OK;
}

glia_status gli_predict_new(gli_predict_build *b, size_t bytes, void **out) {
    return bytes_of(b, &b->predictor->arena, bytes, out);
}

glia_status gli_predict_add_call(gli_predict_build *b, const gli_predict_call *call) {
    glia_predictor *p = b->predictor;
    GLI_TRY(gli_grow(b->ctx, &p->calls, &p->call_capacity, p->n_calls + 1, sizeof *call, "a predictor"));
    p->calls[p->n_calls++] = *call;
    return GLIA_OK;
}

glia_status gli_predict_gemv(gli_predict_build *b, int64_t rows, int64_t columns, const float *w, const float *bias,
                             gli_gemv *out) {
    gli_gemv gemv = {.kernel = gli_gemv_kernel_at(0), .rows = rows, .columns = columns};
    GLI_TRY(gli_predict_floats(b, gli_gemv_packed(&gemv), &gemv.packed));
    gli_gemv_pack(&gemv, w, bias);
    *out = gemv;
    return GLIA_OK;
}

void gli_predict_alias(gli_predict_build *b, int id, const glia_tensor *shape, void *data, int time) {
    glia_tensor *tensor = &b->values[id].tensor;
    gli_set_shape(tensor, gli_dtype_wide(shape->dtype), shape->ndim, shape->dim);
    tensor->data       = data;
    tensor->ctx        = b->ctx;
    b->values[id].time = time;
}

glia_status gli_predict_make(gli_predict_build *b, int id, const glia_tensor *shape, int time) {
    const size_t bytes = (size_t)gli_count(shape) * glia_dtype_size(gli_dtype_wide(shape->dtype));
    float *data        = NULL;
    GLI_TRY(gli_predict_floats(b, gli_divide_up((int64_t)bytes, sizeof(float)), &data));
    gli_predict_alias(b, id, shape, data, time);
    return GLIA_OK;
}

glia_tensor gli_predict_shape(const gli_predict_build *b, int id, int time) {
    const glia_tensor *whole   = &b->graph->values[id].tensor;
    glia_tensor out            = {0};
    int64_t dim[GLIA_MAX_DIMS] = {0};
    memcpy(dim, whole->dim, (size_t)whole->ndim * sizeof *dim);
    if (time >= 0) dim[time] = 1;
    gli_set_shape(&out, gli_dtype_wide(whole->dtype), whole->ndim, dim);
    return out;
}

/* ---- Halves ---- */

/* What ops of a model of bf16 or f16 compute is f32 here, and rounded as it would be there. */
typedef struct rounding {
    glia_dtype dtype;
    int64_t count;
    const float *x; /* NULL: half has it already */
    uint16_t *half;
    float *y;
} rounding;

static glia_status run_rounding(void *arg) {
    const rounding *r = arg;
    if (r->x) gli_narrow(r->dtype, r->x, r->half, 0, r->count);
    gli_widen(r->dtype, r->half, r->y, 0, r->count);
    return GLIA_OK;
}

/* The value gets memory of its own: what an op wrote may be a state, which is not rounded. */
static glia_status add_rounding(gli_predict_build *b, int id, glia_dtype dtype) {
    const glia_tensor from = b->values[id].tensor;
    const bool is_half     = gli_dtype_is_half(from.dtype);
    const size_t bytes     = is_half ? 0 : (size_t)gli_count(&from) * sizeof(uint16_t);
    void *memory, *half = from.data;
    GLI_TRY(gli_predict_new(b, sizeof(rounding), &memory));
    if (!is_half) GLI_TRY(gli_predict_new(b, bytes, &half));
    GLI_TRY(gli_predict_make(b, id, &from, b->values[id].time));
    rounding *r = memory;
    *r          = (rounding){dtype, gli_count(&from), is_half ? NULL : from.data, half, b->values[id].tensor.data};
    return gli_predict_add_call(b, &(gli_predict_call){.run = run_rounding, .arg = r});
}

/* Of the outputs of a node; a view shows what is rounded. */
static glia_status round_outputs(gli_predict_build *b, const gli_node *node) {
    for (int o = 0; o < node->op->n_outputs; ++o) {
        const int id = node->out[o];
        if (!id || b->readers[id] == 0) continue;
        const glia_dtype dtype = b->graph->values[id].tensor.dtype;
        bool view              = !gli_dtype_is_half(dtype) || !b->values[id].tensor.data;
        for (int i = 0; i < node->n_in; ++i)
            view = view || (node->in[i] && b->values[node->in[i]].tensor.data == b->values[id].tensor.data);
        if (!view) GLI_TRY(add_rounding(b, id, dtype));
    }
    return GLIA_OK;
}

/* ---- Values that no node computes ---- */

static glia_status make_input(gli_predict_build *b, int id) {
    const int ndim          = b->graph->values[id].tensor.ndim;
    const int time          = !b->streaming ? -1 : b->time_axis < 0 ? ndim + b->time_axis : b->time_axis;
    const glia_tensor shape = gli_predict_shape(b, id, time);
    return gli_predict_make(b, id, &shape, time);
}

static glia_status read_weight(gli_predict_build *b, int id) {
    const glia_tensor *weight = &b->graph->values[id].tensor;
    const size_t count = (size_t)gli_count(weight), bytes = count * glia_dtype_size(weight->dtype);
    void *data;
    GLI_TRY(bytes_of(b, &b->arena, bytes, &data));
    const glia_status status = glia_tensor_read(weight, data, bytes);
    if (status != GLIA_OK) return gli_fail(b->ctx, status, "%s", weight->ctx->message);
    if (gli_dtype_is_half(weight->dtype)) {
        const uint16_t *half = data;
        GLI_TRY(bytes_of(b, &b->arena, count * sizeof(float), &data));
        gli_widen(weight->dtype, half, data, 0, (int64_t)count);
    }
    gli_predict_alias(b, id, weight, data, -1);
    b->values[id].weight = true;
    return GLIA_OK;
}

static glia_status make_constant(gli_predict_build *b, int id) {
    const gli_value_info *value = &b->graph->values[id];
    const glia_dtype dtype      = value->tensor.dtype;
    double number               = value->constant;
    GLI_TRY(gli_predict_make(b, id, &value->tensor, -1));
    if (gli_dtype_is_half(dtype)) {
        uint16_t half;
        gli_store(dtype, &half, 0, number);
        number = gli_load(dtype, &half, 0);
    }
    return glia_tensor_fill(&b->values[id].tensor, number);
}

static glia_status make_leaf(gli_predict_build *b, int id) {
    b->values[id].time = -1;
    switch (b->graph->values[id].kind) {
        case GLI_VALUE_INPUT: return make_input(b, id);
        case GLI_VALUE_TENSOR:
        case GLI_VALUE_VIEW: return b->readers[id] > 0 ? read_weight(b, id) : GLIA_OK;
        case GLI_VALUE_CONSTANT: return b->readers[id] > 0 ? make_constant(b, id) : GLIA_OK;
        case GLI_VALUE_RESULT:
        case GLI_VALUE_FUSED: break;
    }
    return GLIA_OK;
}

/* ---- Nodes ---- */

const char *gli_predict_label(const gli_node *node) { return node->label ? node->label : node->op->name; }

/* Whether the elements of x keep their order: the axes above 1 do. */
static bool keeps_order(const gli_node *node, const glia_tensor *x) {
    const gli_transpose_geom *g = node->geom;
    for (int i = 0, last = -1; i < g->ndim; ++i) {
        if (x->dim[g->permutation[i]] == 1) continue;
        if (g->permutation[i] < last) return false;
        last = g->permutation[i];
    }
    return true;
}

bool gli_predict_is_view(const gli_node *node, const glia_tensor *x) {
    return node->op->view || (node->op == &gli_op_transpose && keeps_order(node, x));
}

/* Another shape of the same memory. */
static glia_status lower_view(gli_predict_build *b, const gli_node *node, int time, bool *done) {
    const gli_predict_value *x = &b->values[node->in[0]];
    const int id               = node->out[0];
    if (!gli_predict_is_view(node, &x->tensor)) return GLIA_OK;
    const glia_tensor shape = gli_predict_shape(b, id, time);
    gli_predict_alias(b, id, &shape, x->tensor.data, time);
    b->values[id].weight = x->weight;
    *done                = true;
    return GLIA_OK;
}

static bool any_needed(const gli_predict_build *b, const gli_node *node) {
    for (int o = 0; o < node->op->n_outputs; ++o)
        if (node->out[o] && b->readers[node->out[o]] > 0) return true;
    return false;
}

static glia_status lower_node(gli_predict_build *b, const gli_node *node) {
    static gli_predict_lowering *const lowerings[] = {lower_view,
                                                      gli_predict_lower_dense,
                                                      gli_predict_lower_unary,
                                                      gli_predict_lower_conv,
                                                      gli_predict_lower_image,
                                                      gli_predict_lower_pool,
                                                      gli_predict_lower_rnn,
                                                      gli_predict_lower_provider};
    int time;
    bool done = false;
    GLI_TRY(gli_predict_find_time(b, node, &time));
    for (size_t i = 0; !done && i < sizeof lowerings / sizeof *lowerings; ++i)
        GLI_TRY(lowerings[i](b, node, time, &done));
    return round_outputs(b, node);
}

/* Calls that compute more than they read prefetch the weights of the next call that has some. */
static void link_fetches(const glia_predictor *p) {
    enum { MOST = 3 << 19 }; /* bytes: most of an L2 of 2 MB */
    gli_fetch next = {0};
    for (int i = p->n_calls - 1; i >= 0; --i) {
        const gli_predict_call *call = &p->calls[i];
        if (call->fetch) *call->fetch = next;
        if (call->weights.bytes > 0) next = (gli_fetch){call->weights.data, gli_min_size(call->weights.bytes, MOST)};
    }
}

glia_status gli_predict_lower(gli_predict_build *b) {
    for (int id = 1; id < b->graph->n_values; ++id) GLI_TRY(make_leaf(b, id));
    for (int n = 0; n < b->graph->n_nodes; ++n) {
        const gli_node *node = &b->graph->nodes[n];
        if (node->op && any_needed(b, node)) GLI_TRY(lower_node(b, node));
    }
    link_fetches(b->predictor);
    return GLIA_OK;
}
