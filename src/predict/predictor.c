/* The public calls. */
#include "predict/predictor.h"

#include <string.h>

#include "core/dtype.h"
#include "core/float_mode.h"
#include "predict/sample_graph.h"
#include "train/pass.h"

/* ---- create ---- */

static glia_status check(const glia_model *model, const glia_predictor_args *args, glia_predictor **out) {
    glia_context *ctx = model->ctx;
    GLI_REQUIRE(ctx, out, GLIA_INVALID_ARGUMENT, "glia_predictor_create: out is NULL");
    GLI_REQUIRE(ctx, model->compiled, GLIA_INVALID_ARGUMENT,
                "glia_predictor_create: the model is not compiled, or was changed since");
    GLI_REQUIRE(ctx, model->dtype == GLIA_F32, GLIA_DTYPE_MISMATCH,
                "glia_predictor_create: the model is %s, must be f32, bf16 or f16", glia_dtype_name(model->dtype));
    GLI_REQUIRE(ctx, args->time_axis == 0 || args->time_axis == -1, GLIA_INVALID_ARGUMENT,
                "glia_predictor_create: time_axis is %d, must be 0, the first, or -1, the last", args->time_axis);
    GLI_REQUIRE(ctx, args->streaming || args->time_axis == 0, GLIA_INVALID_ARGUMENT,
                "glia_predictor_create: time_axis is %d, but the predictor is not streaming", args->time_axis);
    for (int i = 0; args->streaming && i < model->n_inputs; ++i)
        GLI_REQUIRE(ctx, model->values[model->inputs[i].value].shape.ndim >= 2, GLIA_SHAPE_MISMATCH,
                    "glia_predictor_create: input '%s' is a scalar, must have a time axis", model->inputs[i].name);
    return GLIA_OK;
}

static glia_status run_calls(const glia_predictor *p) {
    for (int i = 0; i < p->n_calls; ++i) {
        const glia_status status = p->calls[i].run(p->calls[i].arg);
        if (status != GLIA_OK) return status;
    }
    return GLIA_OK;
}

static void clear_states(const glia_predictor *p) {
    for (int i = 0; i < p->n_states; ++i) memset(p->states[i].data, 0, p->states[i].bytes);
}

/* After the first run all code and memory has been touched, and the loader has bound all functions. */
static glia_status warm_up(glia_predictor *p) {
    const void *in[GLIA_MAX_FIELDS];
    void *out[GLIA_MAX_OUTPUTS];
    for (int i = 0; i < p->n_inputs; ++i) in[i] = p->inputs[i].data;
    for (int i = 0; i < p->n_outputs; ++i) out[i] = p->outputs[i].data;
    GLI_TRY(glia_predictor_run(p, 1, in, out));
    return glia_predictor_reset(p);
}

static void set_port(const gli_predict_build *b, int id, gli_predict_port *out) {
    const glia_tensor *tensor = &b->values[id].tensor;
    *out = (gli_predict_port){tensor->data, (size_t)gli_count(tensor) * glia_dtype_size(tensor->dtype)};
}

static void set_ports(gli_predict_build *b, const glia_value *outputs, int n_outputs) {
    glia_predictor *p = b->predictor;
    for (int id = 1; id < b->graph->n_values; ++id) {
        const gli_value_info *value = &b->graph->values[id];
        if (value->kind != GLI_VALUE_INPUT) continue;
        set_port(b, id, &p->inputs[value->input]);
        ++p->n_inputs;
    }
    for (int i = 0; i < n_outputs; ++i) set_port(b, outputs[i].id, &p->outputs[i]);
    p->n_outputs = n_outputs;
}

glia_status gli_predict_count_readers(gli_predict_build *b, const glia_value *outputs, int n_outputs) {
    void *memory;
    GLI_TRY(gli_arena_alloc(b->ctx, &b->arena, (size_t)b->graph->n_values, sizeof *b->readers, &memory));
    b->readers = memory;
    for (int i = 0; i < n_outputs; ++i) ++b->readers[outputs[i].id];
    for (int n = b->graph->n_nodes - 1; n >= 0; --n) {
        const gli_node *node = &b->graph->nodes[n];
        bool any             = false;
        for (int o = 0; node->op && o < node->op->n_outputs; ++o)
            any = any || (node->out[o] && b->readers[node->out[o]] > 0);
        for (int i = 0; any && i < node->n_in; ++i) ++b->readers[node->in[i]];
    }
    return GLIA_OK;
}

static glia_status build(glia_predictor *p, const glia_graph *graph, const glia_predictor_args *args,
                         const glia_value *outputs, int n_outputs) {
    gli_predict_build b = {.predictor = p,
                           .ctx       = p->ctx,
                           .graph     = graph,
                           .streaming = args->streaming,
                           .time_axis = args->time_axis < 0 ? args->time_axis : args->time_axis + 1};
    void *memory        = NULL;
    glia_status status  = gli_predict_count_readers(&b, outputs, n_outputs);
    if (status == GLIA_OK)
        status = gli_arena_alloc(p->ctx, &p->arena, (size_t)graph->n_values, sizeof *b.values, &memory);
    b.values = memory;
    if (status == GLIA_OK) status = gli_predict_lower(&b);
    if (status == GLIA_OK) set_ports(&b, outputs, n_outputs);
    gli_arena_free(p->ctx, &b.arena);
    return status;
}

static glia_status create_empty(const glia_model *model, glia_predictor **out) {
    const glia_context_args args = {.threads = 1, .allocator = model->ctx->memory.allocator};
    glia_context *ctx;
    void *memory             = NULL;
    const glia_status opened = glia_context_create("cpu", &args, &ctx);
    if (opened != GLIA_OK) return gli_fail(model->ctx, opened, "glia_predictor_create: %s", glia_message(NULL));
    const glia_status status = gli_new(ctx, 1, sizeof **out, "a predictor", &memory);
    if (status != GLIA_OK) {
        gli_fail(model->ctx, status, "glia_predictor_create: %s", ctx->message);
        glia_context_destroy(ctx);
        return status;
    }
    *out        = memory;
    (*out)->ctx = ctx;
    return GLIA_OK;
}

static glia_status create(glia_model *model, const glia_predictor_args *args, glia_predictor **out) {
    const glia_predictor_args defaults = {0};
    if (!args) args = &defaults;
    GLI_TRY(check(model, args, out));
    glia_value outputs[GLIA_MAX_OUTPUTS];
    glia_predictor *p = NULL;
    glia_graph *graph = NULL;
    GLI_TRY(create_empty(model, &p));
    glia_status status = glia_graph_create(model->ctx, &graph);
    if (status != GLIA_OK) return glia_predictor_destroy(p), status;
    status = gli_sample_graph(model, graph, outputs);
    if (status == GLIA_OK) {
        status = build(p, graph, args, outputs, model->training->n_outputs);
        if (status == GLIA_OK) status = warm_up(p);
        if (status != GLIA_OK) gli_fail(model->ctx, status, "glia_predictor_create: %s", p->ctx->message);
    }
    glia_graph_destroy(graph);
    if (status != GLIA_OK) return glia_predictor_destroy(p), status;
    *out = p;
    return GLIA_OK;
}

glia_status glia_predictor_create(glia_model *model, const glia_predictor_args *args, glia_predictor **out) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_call_begin(model, "glia_predictor_create"));
    return gli_call_end(model, create(model, args, out));
}

void glia_predictor_destroy(glia_predictor *predictor) {
    if (!predictor) return;
    glia_context *ctx = predictor->ctx;
    for (int i = 0; i < predictor->n_calls; ++i)
        if (predictor->calls[i].release) predictor->calls[i].release(predictor->calls[i].arg);
    gli_free(ctx, predictor->calls, (size_t)predictor->call_capacity, sizeof *predictor->calls);
    gli_free(ctx, predictor->states, (size_t)predictor->state_capacity, sizeof *predictor->states);
    gli_arena_free(ctx, &predictor->arena);
    gli_free(ctx, predictor, 1, sizeof *predictor);
    glia_context_destroy(ctx);
}

/* ---- run ---- */

size_t glia_predictor_input_bytes(const glia_predictor *predictor, int input) {
    return predictor && input >= 0 && input < predictor->n_inputs ? predictor->inputs[input].bytes : 0;
}

size_t glia_predictor_output_bytes(const glia_predictor *predictor, int output) {
    return predictor && output >= 0 && output < predictor->n_outputs ? predictor->outputs[output].bytes : 0;
}

static glia_status check_run(const glia_predictor *p, int64_t count, const void *const *inputs, void *const *outputs) {
    if (count < 0)
        return gli_fail_early(GLIA_INVALID_ARGUMENT, "glia_predictor_run: count is %lld, must not be negative",
                              (long long)count);
    if (!inputs || !outputs)
        return gli_fail_early(GLIA_INVALID_ARGUMENT, "glia_predictor_run: %s is NULL", inputs ? "outputs" : "inputs");
    for (int i = 0; i < p->n_inputs; ++i)
        if (!inputs[i]) return gli_fail_early(GLIA_INVALID_ARGUMENT, "glia_predictor_run: inputs[%d] is NULL", i);
    for (int i = 0; i < p->n_outputs; ++i)
        if (!outputs[i]) return gli_fail_early(GLIA_INVALID_ARGUMENT, "glia_predictor_run: outputs[%d] is NULL", i);
    return GLIA_OK;
}

/* memmove: warm_up gives a port its own memory. */
static glia_status run(const glia_predictor *p, int64_t count, const void *const *inputs, void *const *outputs) {
    for (int64_t t = 0; t < count; ++t) {
        for (int i = 0; i < p->n_inputs; ++i) {
            const gli_predict_port *in = &p->inputs[i];
            memmove(in->data, (const char *)inputs[i] + (size_t)t * in->bytes, in->bytes);
        }
        GLI_TRY(run_calls(p));
        for (int i = 0; i < p->n_outputs; ++i) {
            const gli_predict_port *out = &p->outputs[i];
            memmove((char *)outputs[i] + (size_t)t * out->bytes, out->data, out->bytes);
        }
    }
    return GLIA_OK;
}

glia_status glia_predictor_run(glia_predictor *predictor, int64_t count, const void *const *inputs,
                               void *const *outputs) {
    GLI_REQUIRE_OBJECT(predictor);
    GLI_TRY(check_run(predictor, count, inputs, outputs));
    const uint64_t before    = gli_float_mode_enter(true);
    const glia_status status = run(predictor, count, inputs, outputs);
    gli_float_mode_leave(before);
    return status == GLIA_OK ? GLIA_OK : gli_fail_early(status, "glia_predictor_run: %s", predictor->ctx->message);
}

glia_status glia_predictor_reset(glia_predictor *predictor) {
    GLI_REQUIRE_OBJECT(predictor);
    clear_states(predictor);
    return GLIA_OK;
}
