/* From a graph to a plan. */
#include "graph/plan.h"

#include <string.h>

#include "core/device.h"
#include "core/dtype.h"

/* A copy of the graph whose nodes can be changed; what they point to is shared. */
static glia_status copy_graph(const glia_graph *from, glia_graph *to) {
    void *memory = NULL;
    *to          = (glia_graph){.ctx = from->ctx, .n_inputs = from->n_inputs};
    GLI_TRY(gli_grow(to->ctx, &memory, &to->value_capacity, from->n_values, sizeof *to->values, "a plan"));
    to->values   = memory;
    to->n_values = from->n_values;
    if (from->values) memcpy(to->values, from->values, (size_t)from->n_values * sizeof *to->values);
    memory = NULL;
    GLI_TRY(gli_grow(to->ctx, &memory, &to->node_capacity, from->n_nodes, sizeof *to->nodes, "a plan"));
    to->nodes   = memory;
    to->n_nodes = from->n_nodes;
    if (from->nodes) memcpy(to->nodes, from->nodes, (size_t)from->n_nodes * sizeof *to->nodes);
    to->assignments   = from->assignments;
    to->n_assignments = from->n_assignments;
    return GLIA_OK;
}

static void free_graph_copy(glia_graph *graph) {
    gli_free(graph->ctx, graph->values, (size_t)graph->value_capacity, sizeof *graph->values);
    gli_free(graph->ctx, graph->nodes, (size_t)graph->node_capacity, sizeof *graph->nodes);
    gli_arena_free(graph->ctx, &graph->arena);
}

/* Marks the values that outputs and assignments need, and drops the nodes that compute none of them. */
static void prune(glia_graph *graph, const glia_value *outputs, int n_outputs, bool *needed) {
    memset(needed, 0, (size_t)graph->n_values * sizeof *needed);
    for (int i = 0; i < n_outputs; ++i) needed[outputs[i].id] = true;
    for (int a = 0; a < graph->n_assignments; ++a) needed[graph->assignments[a].value] = true;
    for (int n = graph->n_nodes - 1; n >= 0; --n) {
        gli_node *node = &graph->nodes[n];
        bool any       = false;
        for (int o = 0; node->op && o < node->op->n_outputs; ++o) any = any || needed[node->out[o]];
        for (int i = 0; any && i < node->n_in; ++i) needed[node->in[i]] = node->in[i] != 0;
        if (!any) node->op = NULL;
    }
    needed[0] = false;
}

static glia_status make_io(glia_plan *plan, const glia_graph *graph, int n_outputs) {
    void *memory    = NULL;
    plan->n_inputs  = graph->n_inputs;
    plan->n_outputs = n_outputs;
    GLI_TRY(gli_arena_alloc(plan->ctx, &plan->arena, (size_t)plan->n_inputs, sizeof *plan->inputs, &memory));
    plan->inputs = memory;
    GLI_TRY(gli_arena_alloc(plan->ctx, &plan->arena, (size_t)n_outputs, sizeof *plan->outputs, &memory));
    plan->outputs = memory;
    for (int v = 1; v < graph->n_values; ++v)
        if (graph->values[v].kind == GLI_VALUE_INPUT)
            plan->inputs[graph->values[v].input].tensor = graph->values[v].tensor;
    return GLIA_OK;
}

static void log_plan(const glia_plan *plan, const gli_lowering *l) {
    if (!gli_log_enabled(plan->ctx, GLI_LOG_PLAN)) return;
    gli_log(plan->ctx, GLI_LOG_PLAN,
            "plan: %d steps, %d changes of layout, buffer %zu bytes, %zu in use at once, %zu without sharing",
            plan->n_steps, l->conversions, plan->bytes, plan->live, plan->unshared);
    for (int s = 0; s < plan->n_steps; ++s) {
        char params[GLI_PARAMS_TEXT];
        const gli_plan_step *step = &plan->steps[s];
        const glia_tensor *y      = NULL;
        for (int o = step->op->n_outputs - 1; o >= 0; --o)
            if (step->out[o] >= 0) y = &plan->tensors[step->out[o]].tensor;
        gli_log(plan->ctx, GLI_LOG_PLAN, "plan step %d: %s%s%s%s by %s -> %s%s", s, step->label ? step->label : "",
                step->label ? ": " : "", step->op->name, gli_params_text(step->op, step->params, params),
                step->choice.provider->name, y ? GLI_SHAPE_OF(y) : "",
                step->group == 0 ? ", as one with the step before" : "");
    }
}

static glia_status compile(gli_lowering *l, const glia_value *outputs, int n_outputs) {
    glia_graph *graph   = l->graph;
    glia_plan *plan     = l->plan;
    const size_t values = (size_t)graph->n_values;
    void *memory        = NULL;
    GLI_TRY(gli_arena_alloc(plan->ctx, &graph->arena, values, sizeof *l->needed, &memory));
    l->needed = memory;
    GLI_TRY(gli_arena_alloc(plan->ctx, &graph->arena, values, sizeof *l->lowered, &memory));
    l->lowered = memory;
    prune(graph, outputs, n_outputs, l->needed);
    if (!l->options->unfused) {
        GLI_TRY(gli_graph_fuse(graph, outputs, n_outputs));
        prune(graph, outputs, n_outputs, l->needed);
    }
    if (!l->options->ungrouped) gli_graph_group(graph);
    GLI_TRY(make_io(plan, graph, n_outputs));
    GLI_TRY(gli_plan_lower(l, outputs, n_outputs));
    gli_plan_lifetimes(plan, l->options);
    gli_plan_note_passed_on(plan);
    if (!l->options->no_in_place) gli_plan_in_place(plan);
    GLI_TRY(gli_plan_assign_memory(plan, l->options));
    for (int s = 0; s < plan->n_storages; ++s)
        if (plan->storages[s].kind == GLI_STORAGE_INPUT) plan->inputs[plan->storages[s].index].used = true;
    log_plan(plan, l);
    return GLIA_OK;
}

static glia_status check_request(const glia_graph *graph, const glia_value *outputs, int n_outputs) {
    glia_context *ctx = graph->ctx;
    GLI_REQUIRE(ctx, n_outputs >= 0 && (outputs || n_outputs == 0), GLIA_INVALID_ARGUMENT,
                "glia_plan_create: %d outputs at %p", n_outputs, (const void *)outputs);
    for (int i = 0; i < n_outputs; ++i)
        GLI_REQUIRE(ctx, gli_graph_value(graph, outputs[i]), GLIA_INVALID_ARGUMENT,
                    "glia_plan_create: output %d, id %d, is not a value of the graph", i, outputs[i].id);
    return GLIA_OK;
}

static glia_status create(glia_graph *graph, const glia_value *outputs, int n_outputs, const gli_plan_options *options,
                          glia_plan **out) {
    glia_context *ctx = graph->ctx;
    void *memory      = NULL;
    GLI_REQUIRE(ctx, out, GLIA_INVALID_ARGUMENT, "glia_plan_create: out is NULL");
    GLI_TRY(glia_graph_status(graph));
    GLI_TRY(check_request(graph, outputs, n_outputs));
    GLI_TRY(gli_new(ctx, 1, sizeof **out, "a plan", &memory));
    glia_plan *plan = memory;
    plan->ctx       = ctx;
    gli_context_retain(ctx);
    glia_graph copy;
    gli_lowering l     = {.plan = plan, .graph = &copy, .options = options};
    glia_status status = copy_graph(graph, &copy);
    if (status == GLIA_OK) status = compile(&l, outputs, n_outputs);
    free_graph_copy(&copy);
    if (status == GLIA_OK)
        *out = plan;
    else
        glia_plan_destroy(plan);
    return status;
}

glia_status gli_plan_create(glia_graph *graph, const glia_value *outputs, int n_outputs,
                            const gli_plan_options *options, glia_plan **out) {
    glia_context *ctx = graph->ctx;
    GLI_TRY(gli_enter(ctx));
    char scope[sizeof ctx->scope];
    memcpy(scope, ctx->scope, sizeof scope);
    const glia_status status = create(graph, outputs, n_outputs, options, out);
    memcpy(ctx->scope, scope, sizeof scope);
    gli_leave(ctx);
    return status;
}

glia_status glia_plan_create(glia_graph *graph, const glia_value *outputs, int n_outputs, glia_plan **out) {
    GLI_REQUIRE_OBJECT(graph);
    return gli_plan_create(graph, outputs, n_outputs, &(gli_plan_options){0}, out);
}

static void free_io(glia_context *ctx, gli_plan_io *io, int n) {
    for (int i = 0; io && i < n; ++i) ctx->device->release(ctx, &io[i].staged);
}

void glia_plan_destroy(glia_plan *plan) {
    if (!plan) return;
    glia_context *ctx = plan->ctx;
    if (plan->recording) ctx->device->recording_free(ctx, plan->recording);
    for (int s = 0; s < plan->n_steps; ++s) gli_choice_free(ctx, &plan->steps[s].choice);
    free_io(ctx, plan->inputs, plan->n_inputs);
    free_io(ctx, plan->outputs, plan->n_outputs);
    ctx->device->release(ctx, &plan->buffer);
    gli_free(ctx, plan->steps, (size_t)plan->step_capacity, sizeof *plan->steps);
    gli_free(ctx, plan->tensors, (size_t)plan->tensor_capacity, sizeof *plan->tensors);
    gli_free(ctx, plan->storages, (size_t)plan->storage_capacity, sizeof *plan->storages);
    gli_free(ctx, plan->rebindings, (size_t)plan->rebinding_capacity, sizeof *plan->rebindings);
    gli_arena_free(ctx, &plan->arena);
    gli_free(ctx, plan, 1, sizeof *plan);
    gli_context_release(ctx);
}

size_t glia_plan_bytes(const glia_plan *plan) { return plan ? plan->bytes : 0; }
