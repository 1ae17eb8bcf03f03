/* From nodes to steps: each node becomes a call on tensors, with the copies that layouts, packs, outputs and
 * assignments need. */
#include <stdalign.h>
#include <string.h>

#include "core/dtype.h"
#include "core/ops.h"
#include "glia/ops.h"
#include "graph/plan.h"
#include "ops/movement/transpose_geom.h"

glia_status glia__plan_add_storage(glia_plan *plan, const glia_storage *storage, int *out) {
    void *array = plan->storages;
    GLIA_TRY(glia_grow(plan->ctx, &array, &plan->storage_capacity, plan->n_storages + 1, sizeof *storage, "a plan"));
    plan->storages       = array;
    *out                 = plan->n_storages++;
    plan->storages[*out] = *storage;
    return GLIA_OK;
}

glia_status glia__plan_add_tensor(glia_plan *plan, const glia_tensor *like, int storage, size_t at, int *out) {
    void *array = plan->tensors;
    GLIA_TRY(
        glia_grow(plan->ctx, &array, &plan->tensor_capacity, plan->n_tensors + 1, sizeof *plan->tensors, "a plan"));
    plan->tensors                    = array;
    *out                             = plan->n_tensors++;
    plan->tensors[*out]              = (glia_plan_tensor){.tensor = *like, .storage = storage, .at = at};
    plan->tensors[*out].tensor.owned = (glia_block){0};
    plan->tensors[*out].tensor.ctx   = plan->ctx;
    return GLIA_OK;
}

static glia_status add_result(glia_plan *plan, const glia_tensor *like, glia_form form, int *out) {
    glia_storage own = {.parent = -1, .bytes = (size_t)glia_count(like) * glia_dtype_size(like->dtype)};
    int storage;
    GLIA_TRY(glia__plan_add_storage(plan, &own, &storage));
    GLIA_TRY(glia__plan_add_tensor(plan, like, storage, 0, out));
    glia__form_strides(&plan->tensors[*out].tensor, form);
    return GLIA_OK;
}

/* Nodes of one layer follow each other, so that most find their label's copy already made. */
static glia_status label_of(glia_lowering *l, const char *label, const char **out) {
    if (label != l->label) {
        GLIA_TRY(glia_zone_text(l->plan->ctx, &l->plan->zone, label, &l->label_copy));
        l->label = label;
    }
    *out = l->label_copy;
    return GLIA_OK;
}

/* geom is copied: the graph may be gone when the plan runs. */
static glia_status add_step(glia_plan *plan, glia_plan_step *step, const void *geom) {
    void *memory = NULL;
    GLIA_TRY(glia_zone_new(plan->ctx, &plan->zone, 1, GLIA_MAX_GEOMETRY, &memory));
    memcpy(memory, geom, GLIA_MAX_GEOMETRY);
    step->geom      = memory;
    step->workspace = -1;
    void *array     = plan->steps;
    GLIA_TRY(glia_grow(plan->ctx, &array, &plan->step_capacity, plan->n_steps + 1, sizeof *step, "a plan"));
    plan->steps                  = array;
    plan->steps[plan->n_steps++] = *step;
    return GLIA_OK;
}

glia_status glia__plan_add_copy(glia_lowering *l, int from, int to) {
    glia_plan *plan = l->plan;
    alignas(max_align_t) char geom[GLIA_MAX_GEOMETRY];
    glia_resolution r;
    const glia_cast_params params = {.dtype = plan->tensors[from].tensor.dtype};
    const glia_tensor *in         = &plan->tensors[from].tensor;
    glia_plan_step step           = {.op = &glia_op_cast, .n_in = 1, .in = {from}, .out = {to}, .label = l->label_copy};
    GLIA_TRY(glia_resolve(plan->ctx, step.op, &params, 1, &in, geom, &r));
    return add_step(plan, &step, geom);
}

static void set_native(glia_lowered *lowered, glia_form form, int tensor) {
    for (int f = 0; f < GLIA_FORM_COUNT; ++f) lowered->tensor[f] = -1;
    lowered->known        = true;
    lowered->native       = form;
    lowered->tensor[form] = tensor;
}

/* The value as a result of the plan, row-major. */
static glia_status lower_view(glia_lowering *l, const glia_node *node) {
    int x, y;
    GLIA_TRY(glia__plan_tensor_in(l, node->in[0], GLIA_FORM_ROWS, &x));
    const glia_plan_tensor from = l->plan->tensors[x];
    glia_tensor like            = l->graph->values[node->out[0]].tensor;
    GLIA_TRY(glia__plan_add_tensor(l->plan, &like, from.storage, from.at, &y));
    set_native(&l->lowered[node->out[0]], GLIA_FORM_ROWS, y);
    return GLIA_OK;
}

/* A transposition can leave x where it is, if that is a place where the plan may have y: between a sequence of steps
 * and an image of one row, for example, whose channels come last. */
static glia_status lower_transpose(glia_lowering *l, const glia_node *node, bool *done) {
    const glia_transpose_geom *g = node->geom;
    glia_tensor like             = l->graph->values[node->out[0]].tensor;
    glia_lowered *x;
    int y;
    GLIA_TRY(glia__plan_lowered(l, node->in[TRANSPOSE_X], &x));
    const glia_plan_tensor from = l->plan->tensors[x->tensor[x->native]];
    for (int i = 0; i < g->ndim; ++i) like.stride[i] = from.tensor.stride[g->permutation[i]];
    const glia_form form = glia__form_of(&like);
    *done                = form != GLIA_FORM_OTHER;
    if (!*done) return GLIA_OK;
    glia__form_strides(&like, form);
    GLIA_TRY(glia__plan_add_tensor(l->plan, &like, from.storage, from.at, &y));
    set_native(&l->lowered[node->out[0]], form, y);
    return GLIA_OK;
}

static bool is_zero(const glia_value_info *value) { return value->kind == GLIA_VALUE_CONSTANT && value->constant == 0; }

static glia_status pack_one(glia_lowering *l, int value, int pack, size_t at) {
    glia_plan *plan = l->plan;
    int from, to;
    GLIA_TRY(glia__plan_tensor_in(l, value, GLIA_FORM_ROWS, &from));
    if (glia__plan_bindable(plan, from)) {
        plan->storages[plan->tensors[from].storage].parent = pack;
        plan->storages[plan->tensors[from].storage].at     = at;
        return GLIA_OK;
    }
    const glia_tensor like = plan->tensors[from].tensor;
    GLIA_TRY(glia__plan_add_tensor(plan, &like, pack, at, &to));
    return glia__plan_add_copy(l, from, to);
}

/* A pack with gaps keeps its memory: the gaps are cleared once and nobody else may write there. */
static glia_status lower_pack(glia_lowering *l, const glia_node *node) {
    glia_plan *plan      = l->plan;
    const glia_tensor *y = &l->graph->values[node->out[0]].tensor;
    const size_t size    = glia_dtype_size(y->dtype);
    int64_t packed       = 0;
    for (int i = 0; i < node->n_in; ++i)
        if (!is_zero(&l->graph->values[node->in[i]])) packed += glia_count(&l->graph->values[node->in[i]].tensor);
    const bool gaps      = packed < glia_count(y);
    const glia_storage s = {.parent = -1, .bytes = (size_t)glia_count(y) * size, .dtype = y->dtype, .kept = gaps};
    int pack, flat;
    GLIA_TRY(glia__plan_add_storage(plan, &s, &pack));
    GLIA_TRY(glia__plan_add_tensor(plan, y, pack, 0, &flat));
    for (int i = 0; i < node->n_in; ++i)
        if (!is_zero(&l->graph->values[node->in[i]]))
            GLIA_TRY(pack_one(l, node->in[i], pack, (size_t)node->offset[i] * size));
    set_native(&l->lowered[node->out[0]], GLIA_FORM_ROWS, flat);
    return GLIA_OK;
}

static glia_status lower_call(glia_lowering *l, const glia_node *node) {
    glia_plan *plan   = l->plan;
    const glia_op *op = node->op;
    glia_forms forms;
    glia_plan_step step = {.op = op, .n_in = node->n_in, .label = l->label_copy};
    bool empty          = true;
    GLIA_TRY(glia__plan_forms(l, node, &forms));
    for (int i = 0; i < node->n_in; ++i) {
        step.in[i] = -1;
        if (node->in[i]) GLIA_TRY(glia__plan_tensor_in(l, node->in[i], forms.in[i], &step.in[i]));
    }
    for (int o = 0; o < op->n_out; ++o) {
        const int value = node->out[o];
        step.out[o]     = -1;
        if (!value || (!l->needed[value] && (op->optional_out >> o & 1))) continue;
        GLIA_TRY(add_result(plan, &l->graph->values[value].tensor, forms.out[o], &step.out[o]));
        set_native(&l->lowered[value], forms.out[o], step.out[o]);
        empty = empty && glia_count(&l->graph->values[value].tensor) == 0;
    }
    return empty ? GLIA_OK : add_step(plan, &step, node->geom);
}

static glia_status lower_node(glia_lowering *l, const glia_node *node) {
    const char *label;
    GLIA_TRY(label_of(l, node->label, &label));
    bool done = false;
    if (node->op == &glia_op_pack) return lower_pack(l, node);
    if (node->op == &glia_op_transpose) GLIA_TRY(lower_transpose(l, node, &done));
    if (done) return GLIA_OK;
    return node->op->view ? lower_view(l, node) : lower_call(l, node);
}

static glia_status lower_output(glia_lowering *l, int index, int value) {
    glia_plan *plan = l->plan;
    int from, to, storage;
    GLIA_TRY(glia__plan_tensor_in(l, value, GLIA_FORM_ROWS, &from));
    const glia_tensor like = plan->tensors[from].tensor;
    const glia_storage own = {.kind   = GLIA_STORAGE_OUTPUT,
                              .index  = index,
                              .parent = -1,
                              .bytes  = (size_t)glia_count(&like) * glia_dtype_size(like.dtype)};
    GLIA_TRY(glia__plan_add_storage(plan, &own, &storage));
    plan->outputs[index].tensor = like;
    plan->outputs[index].used   = true;
    if (glia__plan_bindable(plan, from)) {
        plan->storages[plan->tensors[from].storage].parent = storage;
        return GLIA_OK;
    }
    if (glia_count(&like) == 0) return GLIA_OK;
    GLIA_TRY(glia__plan_add_tensor(plan, &like, storage, 0, &to));
    return glia__plan_add_copy(l, from, to);
}

/* Assignments whose value cannot be computed in the state's own memory are copied at the end; first to a temporary,
 * where the value is old content of a state that another assignment overwrites. */
static glia_status copy_assignments(glia_lowering *l, const int *states, int *values, int n) {
    glia_plan *plan = l->plan;
    for (int a = 0; a < n; ++a) {
        const glia_plan_tensor from = plan->tensors[values[a]];
        if (plan->storages[from.storage].kind != GLIA_STORAGE_TENSOR) continue;
        if (plan->storages[from.storage].data == plan->storages[plan->tensors[states[a]].storage].data &&
            glia_same_strides(&from.tensor, &plan->tensors[states[a]].tensor)) {
            values[a] = states[a];
            continue;
        }
        int temporary;
        GLIA_TRY(add_result(plan, &from.tensor, GLIA_FORM_ROWS, &temporary));
        GLIA_TRY(glia__plan_add_copy(l, values[a], temporary));
        values[a] = temporary;
    }
    for (int a = 0; a < n; ++a) {
        const int parent = plan->storages[plan->tensors[values[a]].storage].parent;
        if (values[a] == states[a] || parent == plan->tensors[states[a]].storage) continue;
        GLIA_TRY(glia__plan_add_copy(l, values[a], states[a]));
    }
    return GLIA_OK;
}

static glia_status lower_assignments(glia_lowering *l) {
    const glia_graph *graph = l->graph;
    const int n             = graph->n_assignments;
    void *memory            = NULL;
    GLIA_TRY(glia_zone_new(graph->ctx, &l->graph->zone, 2 * (size_t)n, sizeof(int), &memory));
    int *states = memory, *values = states + n;
    for (int a = 0; a < n; ++a) {
        glia_lowered *state, *value;
        GLIA_TRY(glia__plan_lowered(l, graph->assignments[a].state, &state));
        states[a]                                                       = state->tensor[state->native];
        l->plan->storages[l->plan->tensors[states[a]].storage].assigned = true;
        GLIA_TRY(glia__plan_lowered(l, graph->assignments[a].value, &value));
        const glia_form form = state->native == GLIA_FORM_OTHER ? value->native : state->native;
        if (value->native == GLIA_FORM_OTHER)
            values[a] = value->tensor[value->native];
        else
            GLIA_TRY(glia__plan_tensor_in(l, graph->assignments[a].value, form, &values[a]));
    }
    for (int a = 0; a < n; ++a)
        if (glia__plan_try_assign(l, states[a], values[a], values, n)) {
            l->plan->storages[l->plan->tensors[values[a]].storage].parent = l->plan->tensors[states[a]].storage;
        }
    return copy_assignments(l, states, values, n);
}

glia_status glia__plan_lower(glia_lowering *l, const glia_value *outputs, int n_outputs) {
    for (int n = 0; n < l->graph->n_nodes; ++n)
        if (l->graph->nodes[n].op) GLIA_TRY(lower_node(l, &l->graph->nodes[n]));
    l->label_copy = l->label = NULL;
    for (int i = 0; i < n_outputs; ++i) GLIA_TRY(lower_output(l, i, outputs[i].id));
    return lower_assignments(l);
}
