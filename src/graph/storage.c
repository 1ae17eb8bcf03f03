/* Which tensors share memory, and from when to when memory is in use. */
#include <limits.h>

#include "core/device.h"
#include "core/dtype.h"
#include "core/size.h"
#include "graph/plan.h"

int gli_storage_root(const glia_plan *plan, int storage, size_t *offset) {
    size_t sum = 0;
    for (; plan->storages[storage].parent >= 0; storage = plan->storages[storage].parent)
        sum += plan->storages[storage].offset;
    if (offset) *offset = sum;
    return storage;
}

static int root_of(const glia_plan *plan, int tensor, size_t *offset) {
    size_t in_root;
    const int root = gli_storage_root(plan, plan->tensors[tensor].storage, &in_root);
    if (offset) *offset = in_root + plan->tensors[tensor].offset;
    return root;
}

static size_t bytes_of(const glia_tensor *tensor) {
    return (size_t)gli_extent(tensor) * glia_dtype_size(tensor->dtype);
}

bool gli_plan_bindable(const glia_plan *plan, int tensor) {
    const gli_plan_tensor *t = &plan->tensors[tensor];
    const gli_storage *own   = &plan->storages[t->storage];
    return own->kind == GLI_STORAGE_BUFFER && own->parent < 0 && !own->persistent && t->offset == 0 &&
           own->bytes == bytes_of(&t->tensor);
}

static bool same_layout(const glia_tensor *a, const glia_tensor *b) {
    return a->dtype == b->dtype && gli_same_shape(a, b) && gli_same_strides(a, b);
}

/* The memory of a state that this tensor reads, as it was before the run; NULL: it reads none. */
static const char *old_content(const glia_plan *plan, int tensor) {
    const gli_storage *storage = &plan->storages[plan->tensors[tensor].storage];
    return storage->kind == GLI_STORAGE_TENSOR ? (const char *)storage->data + plan->tensors[tensor].offset : NULL;
}

static bool reads(const glia_plan *plan, int tensor, const char *begin, size_t bytes) {
    const char *data = old_content(plan, tensor);
    return data && data < begin + bytes && begin < data + bytes_of(&plan->tensors[tensor].tensor);
}

/* Step s writes the first of the state's new content. It may read the old content where the op is allowed to write over
 * that very input. */
static bool step_may_overwrite(const glia_plan *plan, const gli_plan_step *step, int storage, const char *begin,
                               size_t bytes) {
    for (int i = 0; i < step->n_in; ++i) {
        if (step->in[i] < 0 || !reads(plan, step->in[i], begin, bytes)) continue;
        bool allowed = false;
        for (int o = 0; o < step->op->n_outputs; ++o) {
            if (step->out[o] < 0 || !gli_in_place(step->op, o, i)) continue;
            size_t offset;
            allowed = allowed || (root_of(plan, step->out[o], &offset) == storage &&
                                  old_content(plan, step->in[i]) == begin + offset &&
                                  same_layout(&plan->tensors[step->in[i]].tensor, &plan->tensors[step->out[o]].tensor));
        }
        if (!allowed) return false;
    }
    return true;
}

static bool step_writes(const glia_plan *plan, const gli_plan_step *step, int storage) {
    for (int o = 0; o < step->op->n_outputs; ++o)
        if (step->out[o] >= 0 && root_of(plan, step->out[o], NULL) == storage) return true;
    return false;
}

bool gli_plan_try_assign(const gli_lowering *l, int state, int value, const int *others, int n_others) {
    const glia_plan *plan = l->plan;
    if (!gli_plan_bindable(plan, value)) return false;
    if (!same_layout(&plan->tensors[state].tensor, &plan->tensors[value].tensor)) return false;
    const char *begin  = old_content(plan, state);
    const size_t bytes = bytes_of(&plan->tensors[state].tensor);
    const int storage  = plan->tensors[value].storage;
    for (int k = 0; k < n_others; ++k) /* read when the others are assigned, at the end */
        if (reads(plan, others[k], begin, bytes)) return false;

    int s = 0;
    while (s < plan->n_steps && !step_writes(plan, &plan->steps[s], storage)) ++s;
    if (s < plan->n_steps && !step_may_overwrite(plan, &plan->steps[s], storage, begin, bytes)) return false;
    while (++s < plan->n_steps)
        for (int i = 0; i < plan->steps[s].n_in; ++i)
            if (plan->steps[s].in[i] >= 0 && reads(plan, plan->steps[s].in[i], begin, bytes)) return false;
    return true;
}

static void use(glia_plan *plan, int tensor, int step) {
    if (tensor < 0) return;
    gli_storage *root = &plan->storages[root_of(plan, tensor, NULL)];
    if (step < root->first) root->first = step;
    if (step > root->last) root->last = step;
}

void gli_plan_lifetimes(glia_plan *plan, const gli_plan_options *options) {
    for (int s = 0; s < plan->n_storages; ++s) plan->storages[s].first = INT_MAX, plan->storages[s].last = -1;
    for (int s = 0; s < plan->n_steps; ++s) {
        for (int i = 0; i < plan->steps[s].n_in; ++i) use(plan, plan->steps[s].in[i], s);
        for (int o = 0; o < plan->steps[s].op->n_outputs; ++o) use(plan, plan->steps[s].out[o], s);
    }
    for (int s = 0; s < plan->n_storages; ++s) {
        gli_storage *storage = &plan->storages[s];
        if (storage->persistent || (options->no_sharing && storage->last >= 0))
            storage->first = 0, storage->last = plan->n_steps;
        if (storage->kind == GLI_STORAGE_BUFFER && storage->parent < 0 && storage->last >= 0)
            plan->unshared += gli_align_up(storage->bytes, plan->ctx->device->alignment);
    }
}

/* The input dies in this step, nothing else of the step lies in its memory, and the result has its layout. */
static bool may_overwrite(const glia_plan *plan, int s, int output, int input) {
    const gli_plan_step *step = &plan->steps[s];
    if (input < 0 || input >= step->n_in || step->in[input] < 0 || step->out[output] < 0) return false;
    if (!gli_plan_bindable(plan, step->out[output])) return false;
    if (plan->storages[plan->tensors[step->out[output]].storage].first != s) return false;
    const int root             = root_of(plan, step->in[input], NULL);
    const gli_storage *storage = &plan->storages[root];
    if (storage->kind != GLI_STORAGE_BUFFER || storage->last != s) return false;
    if (!same_layout(&plan->tensors[step->in[input]].tensor, &plan->tensors[step->out[output]].tensor)) return false;
    for (int i = 0; i < step->n_in; ++i)
        if (i != input && step->in[i] >= 0 && root_of(plan, step->in[i], NULL) == root) return false;
    for (int o = 0; o < step->op->n_outputs; ++o)
        if (step->out[o] >= 0 && root_of(plan, step->out[o], NULL) == root) return false;
    return true;
}

void gli_plan_in_place(glia_plan *plan) {
    for (int s = 0; s < plan->n_steps; ++s)
        for (int o = 0; o < plan->steps[s].op->n_outputs; ++o) {
            const gli_op *op = plan->steps[s].op;
            const int input  = op->outputs[o].in_place;
            if (!gli_output_is(op, o, GLI_OUT_IN_PLACE) || !may_overwrite(plan, s, o, input)) continue;
            gli_storage *own  = &plan->storages[plan->tensors[plan->steps[s].out[o]].storage];
            own->parent       = root_of(plan, plan->steps[s].in[input], &own->offset);
            gli_storage *root = &plan->storages[own->parent];
            if (own->last > root->last) root->last = own->last;
        }
}
