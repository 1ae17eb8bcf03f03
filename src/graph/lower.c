/* Lowers nodes to steps: each node becomes a call on tensors, with the copies that memory formats, packs and outputs
 * need. */
#include <stdalign.h>
#include <string.h>

#include "core/dtype.h"
#include "core/op.h"
#include "glia/ops.h"
#include "graph/plan.h"
#include "ops/movement/transpose_geom.h"

glia_status gli_plan_add_storage(glia_plan *plan, const gli_storage *storage, int *out) {
    void *array = plan->storages;
    GLI_TRY(gli_grow(plan->ctx, &array, &plan->storage_capacity, plan->n_storages + 1, sizeof *storage, "a plan"));
    plan->storages       = array;
    *out                 = plan->n_storages++;
    plan->storages[*out] = *storage;
    return GLIA_OK;
}

glia_status gli_plan_add_tensor(glia_plan *plan, const glia_tensor *like, int storage, size_t offset, int *out) {
    void *array = plan->tensors;
    GLI_TRY(gli_grow(plan->ctx, &array, &plan->tensor_capacity, plan->n_tensors + 1, sizeof *plan->tensors, "a plan"));
    plan->tensors                    = array;
    *out                             = plan->n_tensors++;
    plan->tensors[*out]              = (gli_plan_tensor){.tensor = *like, .storage = storage, .offset = offset};
    plan->tensors[*out].tensor.owned = (gli_block){0};
    plan->tensors[*out].tensor.ctx   = plan->ctx;
    return GLIA_OK;
}

glia_status gli_plan_add_result(glia_plan *plan, const glia_tensor *like, gli_memory_format format, int *out) {
    gli_storage own = {.parent = -1, .bytes = (size_t)gli_count(like) * glia_dtype_size(like->dtype)};
    int storage;
    GLI_TRY(gli_plan_add_storage(plan, &own, &storage));
    GLI_TRY(gli_plan_add_tensor(plan, like, storage, 0, out));
    gli_plan_set_format(&plan->tensors[*out].tensor, format);
    return GLIA_OK;
}

/* The nodes of a layer are adjacent, so most share the copy of the node before. */
static glia_status label_of(gli_lowering *l, const char *label, const char **out) {
    if (label != l->label) {
        GLI_TRY(gli_arena_strdup(l->plan->ctx, &l->plan->arena, label, &l->label_copy));
        l->label = label;
    }
    *out = l->label_copy;
    return GLIA_OK;
}

static glia_status copy_of(glia_plan *plan, const void *data, size_t bytes, const void **out) {
    void *memory = NULL;
    GLI_TRY(gli_arena_alloc(plan->ctx, &plan->arena, 1, bytes, &memory));
    if (bytes) memcpy(memory, data, bytes);
    *out = memory;
    return GLIA_OK;
}

/* Copies geom and params: the graph may be destroyed before the plan runs. */
static glia_status add_step(glia_plan *plan, gli_plan_step *step, const void *geom, const void *params) {
    GLI_TRY(copy_of(plan, geom, GLI_MAX_GEOMETRY, &step->geom));
    GLI_TRY(copy_of(plan, params, step->op->params_size, &step->params));
    step->workspace = -1;
    step->group     = 1;
    void *array     = plan->steps;
    GLI_TRY(gli_grow(plan->ctx, &array, &plan->step_capacity, plan->n_steps + 1, sizeof *step, "a plan"));
    plan->steps                  = array;
    plan->steps[plan->n_steps++] = *step;
    return GLIA_OK;
}

glia_status gli_plan_add_copy(gli_lowering *l, int from, int to) {
    glia_plan *plan = l->plan;
    alignas(max_align_t) char geom[GLI_MAX_GEOMETRY];
    gli_resolution r;
    const glia_cast_params params = {.dtype = plan->tensors[from].tensor.dtype};
    const glia_tensor *in         = &plan->tensors[from].tensor;
    gli_plan_step step            = {
                   .op = &gli_op_cast, .n_in = 1, .in = {from}, .out = {to}, .label = l->label_copy, .direction = l->direction};
    GLI_TRY(gli_resolve(plan->ctx, step.op, &params, 1, &in, geom, &r));
    return add_step(plan, &step, geom, &params);
}

/* No step: y is the row-major x under another shape. */
static glia_status lower_view(gli_lowering *l, const gli_node *node) {
    int x, y;
    GLI_TRY(gli_plan_tensor_in(l, node->in[0], GLI_ROW_MAJOR, &x));
    const gli_plan_tensor from = l->plan->tensors[x];
    glia_tensor like           = l->graph->values[node->out[0]].tensor;
    GLI_TRY(gli_plan_add_tensor(l->plan, &like, from.storage, from.offset, &y));
    gli_lowered_set(&l->lowered[node->out[0]], GLI_ROW_MAJOR, y);
    return GLIA_OK;
}

/* No step if y, read from the memory of x, has a memory format of the plan: a sequence [N,T,C] and an image of one row
 * [N,C,1,T] that is channels-last, for example. */
static glia_status lower_transpose(gli_lowering *l, const gli_node *node, bool *done) {
    const gli_transpose_geom *g = node->geom;
    glia_tensor like            = l->graph->values[node->out[0]].tensor;
    gli_lowered *x;
    int y;
    GLI_TRY(gli_plan_lowered(l, node->in[GLI_TRANSPOSE_X], &x));
    const gli_plan_tensor from = l->plan->tensors[*gli_lowered_tensor(x, x->native)];
    for (int i = 0; i < g->ndim; ++i) like.stride[i] = from.tensor.stride[g->permutation[i]];
    const gli_memory_format format = gli_plan_format(&like);
    *done                          = format != GLI_STRIDED;
    if (!*done) return GLIA_OK;
    gli_plan_set_format(&like, format);
    GLI_TRY(gli_plan_add_tensor(l->plan, &like, from.storage, from.offset, &y));
    gli_lowered_set(&l->lowered[node->out[0]], format, y);
    return GLIA_OK;
}

static bool is_zero(const gli_value_info *value) { return value->kind == GLI_VALUE_CONSTANT && value->constant == 0; }

static glia_status pack_one(gli_lowering *l, int value, int pack, size_t offset) {
    glia_plan *plan = l->plan;
    int from, to;
    GLI_TRY(gli_plan_tensor_in(l, value, GLI_ROW_MAJOR, &from));
    if (gli_plan_bindable(plan, from)) {
        plan->storages[plan->tensors[from].storage].parent = pack;
        plan->storages[plan->tensors[from].storage].offset = offset;
        return GLIA_OK;
    }
    const glia_tensor like = plan->tensors[from].tensor;
    GLI_TRY(gli_plan_add_tensor(plan, &like, pack, offset, &to));
    return gli_plan_add_copy(l, from, to);
}

/* A pack with gaps has memory of its own: the gaps are cleared once, and nothing else may be written there. */
static glia_status lower_pack(gli_lowering *l, const gli_node *node) {
    glia_plan *plan      = l->plan;
    const glia_tensor *y = &l->graph->values[node->out[0]].tensor;
    const size_t size    = glia_dtype_size(y->dtype);
    int64_t packed       = 0;
    for (int i = 0; i < node->n_in; ++i)
        if (!is_zero(&l->graph->values[node->in[i]])) packed += gli_count(&l->graph->values[node->in[i]].tensor);
    const bool gaps     = packed < gli_count(y);
    const gli_storage s = {.parent = -1, .bytes = (size_t)gli_count(y) * size, .dtype = y->dtype, .persistent = gaps};
    int pack, flat;
    GLI_TRY(gli_plan_add_storage(plan, &s, &pack));
    GLI_TRY(gli_plan_add_tensor(plan, y, pack, 0, &flat));
    for (int i = 0; i < node->n_in; ++i)
        if (!is_zero(&l->graph->values[node->in[i]]))
            GLI_TRY(pack_one(l, node->in[i], pack, (size_t)node->offset[i] * size));
    gli_lowered_set(&l->lowered[node->out[0]], GLI_ROW_MAJOR, flat);
    return GLIA_OK;
}

static glia_status lower_call(gli_lowering *l, const gli_node *node) {
    glia_plan *plan  = l->plan;
    const gli_op *op = node->op;
    gli_node_formats formats;
    gli_plan_step step = {.op = op, .n_in = node->n_in, .label = l->label_copy, .direction = l->direction};
    bool empty         = true;
    GLI_TRY(gli_plan_node_formats(l, node, &formats));
    for (int i = 0; i < node->n_in; ++i) {
        step.in[i] = -1;
        if (node->in[i]) GLI_TRY(gli_plan_tensor_in(l, node->in[i], formats.in[i], &step.in[i]));
    }
    for (int o = 0; o < op->n_outputs; ++o) {
        const int value = node->out[o];
        step.out[o]     = -1;
        if (!value || (!l->needed[value] && gli_output_is(op, o, GLI_OUT_OPTIONAL))) continue;
        GLI_TRY(gli_plan_add_result(plan, &l->graph->values[value].tensor, formats.out[o], &step.out[o]));
        gli_lowered_set(&l->lowered[value], formats.out[o], step.out[o]);
        empty = empty && gli_count(&l->graph->values[value].tensor) == 0;
    }
    return empty ? GLIA_OK : add_step(plan, &step, node->geom, node->params);
}

static glia_status lower_node(gli_lowering *l, const gli_node *node) {
    const char *label;
    GLI_TRY(label_of(l, node->label, &label));
    l->direction = node->direction;
    bool done    = false;
    if (node->op == &gli_op_pack) return lower_pack(l, node);
    if (node->op == &gli_op_transpose) GLI_TRY(lower_transpose(l, node, &done));
    if (done) return GLIA_OK;
    return node->op->view ? lower_view(l, node) : lower_call(l, node);
}

static glia_status lower_output(gli_lowering *l, int index, int value) {
    glia_plan *plan = l->plan;
    int from, to, storage;
    GLI_TRY(gli_plan_tensor_in(l, value, GLI_ROW_MAJOR, &from));
    const glia_tensor like = plan->tensors[from].tensor;
    const gli_storage own  = {.kind   = GLI_STORAGE_OUTPUT,
                              .index  = index,
                              .parent = -1,
                              .bytes  = (size_t)gli_count(&like) * glia_dtype_size(like.dtype)};
    GLI_TRY(gli_plan_add_storage(plan, &own, &storage));
    plan->outputs[index].tensor = like;
    plan->outputs[index].used   = true;
    if (gli_plan_bindable(plan, from)) {
        plan->storages[plan->tensors[from].storage].parent = storage;
        return GLIA_OK;
    }
    if (gli_count(&like) == 0) return GLIA_OK;
    GLI_TRY(gli_plan_add_tensor(plan, &like, storage, 0, &to));
    return gli_plan_add_copy(l, from, to);
}

glia_status gli_plan_lower(gli_lowering *l, const glia_value *outputs, int n_outputs) {
    GLI_TRY(gli_plan_alloc_constants(l));
    for (int n = 0; n < l->graph->n_nodes; ++n)
        if (l->graph->nodes[n].op) GLI_TRY(lower_node(l, &l->graph->nodes[n]));
    l->label_copy = l->label = NULL;
    for (int i = 0; i < n_outputs; ++i) GLI_TRY(lower_output(l, i, outputs[i].id));
    return gli_plan_lower_assignments(l);
}
