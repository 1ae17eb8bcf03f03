/* Chooses providers and assigns each storage its offset in the one buffer of the plan. */
#include "core/device.h"
#include "core/dtype.h"
#include "core/saved.h"
#include "core/size.h"
#include "graph/offset_assignment.h"
#include "graph/plan.h"

/* Providers need addresses (alignment, aliasing) before the buffer exists, because their workspaces are a part of it.
 * So they see placeholders, far from all other addresses. */
static void *placeholder_address(const glia_plan *plan, int root, size_t offset, glia_dtype dtype) {
    const gli_storage *storage = &plan->storages[root];
    if (storage->kind == GLI_STORAGE_TENSOR) return gli_data_at(storage->data, offset);
    uintptr_t address = (UINTPTR_MAX / 4 & ~(uintptr_t)4095) + ((uintptr_t)root << 38) + offset;
    /* the caller's tensors are not aligned to more than this */
    if (storage->kind != GLI_STORAGE_BUFFER)
        address += gli_max_size(plan->ctx->device->io_alignment, glia_dtype_size(dtype));
    return (void *)address;
}

/* NULL for an empty tensor, and for what is bound on each run. */
static void *address(const glia_plan *plan, int root, size_t offset) {
    const gli_storage *storage = &plan->storages[root];
    char *base                 = storage->kind == GLI_STORAGE_TENSOR ? storage->data : NULL;
    if (storage->kind == GLI_STORAGE_BUFFER && plan->buffer.data) base = (char *)plan->buffer.data + storage->offset;
    return base ? base + offset : NULL;
}

static void fill_call(glia_plan *plan, gli_plan_step *step) {
    step->call = (gli_call){.ctx       = plan->ctx,
                            .op        = step->op,
                            .geom      = step->geom,
                            .n_in      = step->n_in,
                            .stream    = gli_stream(plan->ctx),
                            .label     = step->label,
                            .direction = step->direction,
                            .memo      = &step->memo,
                            .passed_on = step->passed_on};
    for (int i = 0; i < step->n_in; ++i)
        if (step->in[i] >= 0) step->call.in[i] = &plan->tensors[step->in[i]].tensor;
    for (int o = 0; o < step->op->n_outputs; ++o)
        if (step->out[o] >= 0) step->call.out[o] = &plan->tensors[step->out[o]].tensor;
}

/* The provider that writes a saved output says how large it is, and is the one that reads it. */
static glia_status note_saved(glia_plan *plan, const gli_plan_step *step) {
    const int o = gli_saved_output(step->op);
    if (o < 0 || step->out[o] < 0) return GLIA_OK;
    gli_plan_tensor *saved = &plan->tensors[step->out[o]];
    gli_storage *storage   = &plan->storages[saved->storage];
    const size_t bytes     = step->choice.prepared.saved;
    void *record;
    GLI_TRY(gli_arena_alloc(plan->ctx, &plan->arena, 1, sizeof *saved->tensor.saved, &record));
    saved->tensor.saved = record;
    gli_saved_note(&step->call, step->choice.provider, &saved->tensor);
    if (!bytes || storage->kind != GLI_STORAGE_BUFFER || storage->parent >= 0 || bytes >= storage->bytes)
        return GLIA_OK;
    const size_t size    = glia_dtype_size(saved->tensor.dtype);
    storage->bytes       = bytes;
    saved->tensor.dim[0] = (int64_t)(bytes / size);
    return GLIA_OK;
}

static glia_status choose(glia_plan *plan) {
    glia_context *ctx = plan->ctx;
    for (int t = 0; t < plan->n_tensors; ++t) {
        gli_plan_tensor *tensor = &plan->tensors[t];
        size_t offset;
        const int root      = gli_storage_root(plan, tensor->storage, &offset);
        tensor->tensor.data = placeholder_address(plan, root, offset + tensor->offset, tensor->tensor.dtype);
    }
    for (int s = 0; s < plan->n_steps; ++s) {
        gli_plan_step *step = &plan->steps[s];
        fill_call(plan, step);
        gli_set_scope(ctx, step->label ? "%s: " : NULL, step->label);
        GLI_TRY(gli_choose(&step->call, step->params, &step->choice));
        GLI_TRY(note_saved(plan, step));
    }
    gli_set_scope(ctx, NULL);
    return GLIA_OK;
}

static glia_status add_workspaces(glia_plan *plan, bool no_sharing) {
    for (int s = 0, first = 0; s < plan->n_steps; ++s) {
        gli_plan_step *step = &plan->steps[s];
        if (step->group > 0) first = s; /* a group's steps have theirs at once */
        if (!step->choice.prepared.workspace) continue;
        const gli_storage workspace = {.parent = -1,
                                       .bytes  = step->choice.prepared.workspace,
                                       .first  = no_sharing ? 0 : first,
                                       .last   = no_sharing ? plan->n_steps : first + plan->steps[first].group - 1};
        GLI_TRY(gli_plan_add_storage(plan, &workspace, &step->workspace));
        plan->unshared += gli_align_up(workspace.bytes, plan->ctx->device->alignment);
    }
    return GLIA_OK;
}

static bool needs_memory(const gli_storage *storage) {
    return storage->kind == GLI_STORAGE_BUFFER && storage->parent < 0 && storage->last >= 0 && storage->bytes > 0;
}

/* No buffer can be smaller. */
static glia_status find_live_bytes(glia_plan *plan, gli_arena *arena, const gli_memory_block *blocks, int n) {
    void *memory;
    size_t live = 0;
    GLI_TRY(gli_arena_alloc(plan->ctx, arena, (size_t)plan->n_steps + 2, sizeof(size_t), &memory));
    size_t *change = memory; /* at each step, modulo 2^64 */
    for (int i = 0; i < n; ++i) {
        change[blocks[i].first] += blocks[i].bytes;
        change[blocks[i].last + 1] -= blocks[i].bytes;
    }
    for (int step = 0; step <= plan->n_steps; ++step) {
        live += change[step];
        if (live > plan->live) plan->live = live;
    }
    return GLIA_OK;
}

static glia_status assign_offsets(glia_plan *plan, gli_arena *arena) {
    void *memory;
    int n = 0;
    GLI_TRY(gli_arena_alloc(plan->ctx, arena, (size_t)plan->n_storages, sizeof(gli_memory_block), &memory));
    gli_memory_block *blocks = memory;
    for (int s = 0; s < plan->n_storages; ++s) {
        const gli_storage *storage = &plan->storages[s];
        const size_t bytes         = gli_align_up(storage->bytes, plan->ctx->device->alignment);
        if (needs_memory(storage)) blocks[n++] = (gli_memory_block){bytes, storage->first, storage->last, 0};
    }
    GLI_TRY(find_live_bytes(plan, arena, blocks, n));
    GLI_TRY(gli_assign_offsets(plan->ctx, blocks, n, plan->n_steps + 1, &plan->bytes, NULL));
    n = 0;
    for (int s = 0; s < plan->n_storages; ++s)
        if (needs_memory(&plan->storages[s])) plan->storages[s].offset = blocks[n++].offset;
    return GLIA_OK;
}

static glia_status add_rebinding(glia_plan *plan, const gli_rebinding *rebinding) {
    void *array = plan->rebindings;
    GLI_TRY(
        gli_grow(plan->ctx, &array, &plan->rebinding_capacity, plan->n_rebindings + 1, sizeof *rebinding, "a plan"));
    plan->rebindings                       = array;
    plan->rebindings[plan->n_rebindings++] = *rebinding;
    return GLIA_OK;
}

static glia_status set_addresses(glia_plan *plan) {
    for (int t = 0; t < plan->n_tensors; ++t) {
        gli_plan_tensor *tensor = &plan->tensors[t];
        size_t offset;
        const int root = gli_storage_root(plan, tensor->storage, &offset);
        offset += tensor->offset;
        tensor->tensor.data        = address(plan, root, offset);
        const gli_storage *storage = &plan->storages[root];
        if (storage->kind == GLI_STORAGE_INPUT || storage->kind == GLI_STORAGE_OUTPUT)
            GLI_TRY(add_rebinding(plan, &(gli_rebinding){t, storage->kind, storage->index, offset}));
    }
    return GLIA_OK;
}

/* Constants, and packs with gaps. */
static glia_status fill(glia_plan *plan) {
    for (int s = 0; s < plan->n_storages; ++s) {
        const gli_storage *storage = &plan->storages[s];
        if (!storage->persistent || !storage->bytes) continue;
        const int64_t count = (int64_t)(storage->bytes / glia_dtype_size(storage->dtype));
        glia_tensor flat    = {.ctx = plan->ctx, .data = address(plan, s, 0)};
        gli_set_shape(&flat, storage->dtype, 1, &count);
        GLI_TRY(glia_tensor_fill(&flat, storage->fill));
    }
    return GLIA_OK;
}

glia_status gli_plan_assign_memory(glia_plan *plan, const gli_plan_options *options) {
    GLI_TRY(choose(plan));
    if (!options->ungrouped) GLI_TRY(gli_plan_group(plan));
    GLI_TRY(add_workspaces(plan, options->no_sharing));
    gli_arena arena          = {0};
    const glia_status status = assign_offsets(plan, &arena);
    gli_arena_free(plan->ctx, &arena);
    GLI_TRY(status);
    GLI_TRY(plan->ctx->device->alloc(plan->ctx, plan->bytes, "the plan's buffer", &plan->buffer));
    GLI_TRY(set_addresses(plan));
    for (int s = 0; s < plan->n_steps; ++s) fill_call(plan, &plan->steps[s]);
    return fill(plan);
}
