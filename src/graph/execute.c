/* Runs a plan: a loop over prepared calls or, on devices that record, a replay of their launches. */
#include <string.h>

#include "core/device.h"
#include "core/dtype.h"
#include "core/saved.h"
#include "glia/ops.h"
#include "graph/plan.h"

static glia_status check_tensor(glia_context *ctx, const char *what, int i, const glia_tensor *got,
                                const glia_tensor *expected) {
    GLI_REQUIRE(ctx, got, GLIA_INVALID_ARGUMENT, "glia_plan_run: %s %d is NULL", what, i);
    GLI_REQUIRE(ctx, got->ctx == ctx, GLIA_DEVICE_MISMATCH, "glia_plan_run: %s %d belongs to another context", what, i);
    GLI_REQUIRE(ctx, got->dtype == expected->dtype, GLIA_DTYPE_MISMATCH, "glia_plan_run: %s %d is %s, must be %s", what,
                i, glia_dtype_name(got->dtype), glia_dtype_name(expected->dtype));
    GLI_REQUIRE(ctx, gli_same_shape(got, expected), GLIA_SHAPE_MISMATCH, "glia_plan_run: %s %d is %s, must be %s", what,
                i, GLI_SHAPE_OF(got), GLI_SHAPE_OF(expected));
    return GLIA_OK;
}

/* Outputs are written while inputs and other outputs are still read. */
static glia_status check_overlap(glia_context *ctx, const glia_tensor *const *inputs, int n_inputs,
                                 glia_tensor *const *outputs, int n_outputs) {
    for (int o = 0; o < n_outputs; ++o) {
        for (int i = 0; i < n_inputs; ++i)
            GLI_REQUIRE(ctx, !gli_overlap(outputs[o], inputs[i]), GLIA_INVALID_ARGUMENT,
                        "glia_plan_run: output %d overlaps input %d in memory", o, i);
        for (int i = 0; i < o; ++i)
            GLI_REQUIRE(ctx, !gli_overlap(outputs[o], outputs[i]), GLIA_INVALID_ARGUMENT,
                        "glia_plan_run: output %d overlaps output %d in memory", o, i);
        GLI_REQUIRE_WRITABLE(ctx, outputs[o], "glia_plan_run: output %d", o);
    }
    return GLIA_OK;
}

static bool overlaps_storage(const glia_tensor *tensor, const gli_storage *storage) {
    const size_t bytes = (size_t)gli_extent(tensor) * glia_dtype_size(tensor->dtype);
    return gli_ranges_overlap(tensor->data, bytes, storage->data, storage->bytes);
}

/* A run reads and writes states as well. */
static glia_status check_states(const glia_plan *plan, const glia_tensor *const *inputs, int n_inputs,
                                glia_tensor *const *outputs, int n_outputs) {
    for (int s = 0; s < plan->n_storages; ++s) {
        const gli_storage *state = &plan->storages[s];
        if (state->kind != GLI_STORAGE_TENSOR) continue;
        for (int o = 0; o < n_outputs; ++o)
            GLI_REQUIRE(plan->ctx, !overlaps_storage(outputs[o], state), GLIA_INVALID_ARGUMENT,
                        "glia_plan_run: output %d overlaps a tensor of the graph in memory", o);
        for (int i = 0; state->assigned && i < n_inputs; ++i)
            GLI_REQUIRE(plan->ctx, !overlaps_storage(inputs[i], state), GLIA_INVALID_ARGUMENT,
                        "glia_plan_run: input %d overlaps a tensor that the graph assigns to", i);
    }
    return GLIA_OK;
}

static glia_status check_run(const glia_plan *plan, const glia_tensor *const *inputs, int n_inputs,
                             glia_tensor *const *outputs, int n_outputs) {
    glia_context *ctx = plan->ctx;
    GLI_REQUIRE(ctx, n_inputs == plan->n_inputs && (inputs || !n_inputs), GLIA_INVALID_ARGUMENT,
                "glia_plan_run: %d inputs at %p, the graph has %d", n_inputs, (const void *)inputs, plan->n_inputs);
    GLI_REQUIRE(ctx, n_outputs == plan->n_outputs && (outputs || !n_outputs), GLIA_INVALID_ARGUMENT,
                "glia_plan_run: %d outputs at %p, the plan has %d", n_outputs, (const void *)outputs, plan->n_outputs);
    for (int i = 0; i < n_inputs; ++i) GLI_TRY(check_tensor(ctx, "input", i, inputs[i], &plan->inputs[i].tensor));
    for (int i = 0; i < n_outputs; ++i) GLI_TRY(check_tensor(ctx, "output", i, outputs[i], &plan->outputs[i].tensor));
    GLI_TRY(check_overlap(ctx, inputs, n_inputs, outputs, n_outputs));
    return check_states(plan, inputs, n_inputs, outputs, n_outputs);
}

/* Whether the plan's steps can use the caller's tensor in place. */
static bool is_as_planned(const glia_tensor *tensor) {
    return gli_is_dense(tensor) && (uintptr_t)tensor->data % tensor->ctx->device->io_alignment == 0;
}

/* A buffer in place of a caller's tensor that they cannot use; the first run that needs it allocates it. */
static glia_status stage(glia_plan *plan, gli_plan_io *io) {
    const size_t bytes = (size_t)gli_count(&io->tensor) * glia_dtype_size(io->tensor.dtype);
    if (!io->staged.data)
        GLI_TRY(plan->ctx->device->alloc(plan->ctx, bytes, "a copy of an input or output", &io->staged));
    io->tensor.data = io->staged.data;
    return GLIA_OK;
}

static glia_status copy(glia_plan *plan, const glia_tensor *from, glia_tensor *to) {
    const glia_cast_params params = {.dtype = to->dtype};
    return gli_call_op(plan->ctx, &gli_op_cast, &params, 1, &from, 1, &to);
}

static glia_status begin(glia_plan *plan, const glia_tensor *const *inputs, glia_tensor *const *outputs) {
    for (int i = 0; i < plan->n_inputs; ++i) {
        plan->inputs[i].tensor.data = inputs[i]->data;
        if (!plan->inputs[i].used || is_as_planned(inputs[i])) continue;
        GLI_TRY(stage(plan, &plan->inputs[i]));
        GLI_TRY(copy(plan, inputs[i], &plan->inputs[i].tensor));
    }
    for (int i = 0; i < plan->n_outputs; ++i) {
        plan->outputs[i].tensor.data = outputs[i]->data;
        if (!is_as_planned(outputs[i])) GLI_TRY(stage(plan, &plan->outputs[i]));
    }
    for (int i = 0; i < plan->n_rebindings; ++i) {
        const gli_rebinding *r               = &plan->rebindings[i];
        const gli_plan_io *from              = r->kind == GLI_STORAGE_INPUT ? plan->inputs : plan->outputs;
        plan->tensors[r->tensor].tensor.data = gli_data_at(from[r->index].tensor.data, r->offset);
    }
    return GLIA_OK;
}

/* Only a failure needs the label, so the scope of messages is not set for every step. */
static glia_status name_layer(glia_plan *plan, const gli_plan_step *step, glia_status status) {
    if (!step->label) return status;
    char message[sizeof plan->ctx->message];
    memcpy(message, plan->ctx->message, sizeof message);
    return gli_fail(plan->ctx, status, "%s: %s", step->label, message);
}

static void *workspace_of(const glia_plan *plan, const gli_plan_step *step) {
    return step->workspace >= 0 ? (char *)plan->buffer.data + plan->storages[step->workspace].offset : NULL;
}

static glia_status run_as_one(glia_plan *plan, const gli_plan_step *steps, int n) {
    const gli_call *calls[GLI_MAX_GROUP];
    const gli_choice *choices[GLI_MAX_GROUP];
    void *workspaces[GLI_MAX_GROUP];
    for (int i = 0; i < n; ++i) {
        calls[i]      = &steps[i].call;
        choices[i]    = &steps[i].choice;
        workspaces[i] = workspace_of(plan, &steps[i]);
    }
    return gli_run_group(calls, choices, workspaces, n);
}

static glia_status run_steps(glia_plan *plan) {
    for (int s = 0; s < plan->n_steps; s += plan->steps[s].group) {
        const gli_plan_step *step = &plan->steps[s];
        const glia_status status  = step->group > 1 ? run_as_one(plan, step, step->group)
                                                    : gli_run(&step->call, &step->choice, workspace_of(plan, step));
        if (status != GLIA_OK) return name_layer(plan, step, status);
    }
    return GLIA_OK;
}

/* Whether the last run had the same memory; remembers that of this one. */
static bool same_memory(glia_plan *plan) {
    bool same = plan->ran;
    for (int i = 0; i < plan->n_inputs + plan->n_outputs; ++i) {
        gli_plan_io *io = i < plan->n_inputs ? &plan->inputs[i] : &plan->outputs[i - plan->n_inputs];
        same            = same && io->last == io->tensor.data;
        io->last        = io->tensor.data;
    }
    plan->ran = true;
    return same;
}

static bool recordable(const glia_plan *plan) {
    const glia_context *ctx = plan->ctx;
    return ctx->device->record_begin && plan->n_steps > 1 && !plan->unrecordable && !ctx->shadow && !ctx->trace &&
           !gli_log_enabled(ctx, GLI_LOG_TIME);
}

/* A plan that cannot be recorded runs launch by launch. */
static glia_status run_unrecorded(glia_plan *plan, glia_status status) {
    if (status == GLIA_DEVICE_LOST) return status;
    plan->unrecordable = true;
    gli_log(plan->ctx, GLI_LOG_INFO, "plan: its %d steps are launched one by one, because: %s", plan->n_steps,
            plan->ctx->message);
    return GLIA_OK;
}

static glia_status record(glia_plan *plan) {
    glia_context *ctx  = plan->ctx;
    glia_status status = ctx->device->record_begin(ctx);
    if (status != GLIA_OK) return run_unrecorded(plan, status);
    status = run_steps(plan);
    if (status != GLIA_OK) {
        ctx->device->record_end(ctx, NULL);
        return run_unrecorded(plan, status);
    }
    status = ctx->device->record_end(ctx, &plan->recording);
    if (status != GLIA_OK) return run_unrecorded(plan, status);
    gli_log(ctx, GLI_LOG_PLAN, "plan: %d steps recorded as one", plan->n_steps);
    return GLIA_OK;
}

/* The first run is never recorded: in it libraries load what they need. */
static glia_status run_or_replay(glia_plan *plan) {
    glia_context *ctx = plan->ctx;
    if (!recordable(plan)) return run_steps(plan);
    if (!same_memory(plan)) {
        if (plan->recording) ctx->device->recording_free(ctx, plan->recording);
        plan->recording = NULL;
        return run_steps(plan);
    }
    if (!plan->recording) GLI_TRY(record(plan));
    return plan->recording ? ctx->device->replay(ctx, plan->recording) : run_steps(plan);
}

static glia_status run(glia_plan *plan, const glia_tensor *const *inputs, glia_tensor *const *outputs) {
    GLI_TRY(begin(plan, inputs, outputs));
    for (int i = 0; i < plan->n_outputs; ++i) gli_saved_forget(outputs[i]);
    GLI_TRY(run_or_replay(plan));
    for (int i = 0; i < plan->n_outputs; ++i)
        if (!is_as_planned(outputs[i])) GLI_TRY(copy(plan, &plan->outputs[i].tensor, outputs[i]));
    return GLIA_OK;
}

glia_status glia_plan_run(glia_plan *plan, const glia_tensor *const *inputs, int n_inputs, glia_tensor *const *outputs,
                          int n_outputs) {
    GLI_REQUIRE_OBJECT(plan);
    GLI_TRY(gli_enter(plan->ctx));
    glia_status status = check_run(plan, inputs, n_inputs, outputs, n_outputs);
    if (status == GLIA_OK) status = run(plan, inputs, outputs);
    gli_leave(plan->ctx);
    return status;
}
