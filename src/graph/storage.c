/* Which tensors share memory, and the lifetimes of storages. */
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

int gli_tensor_root(const glia_plan *plan, int tensor, size_t *offset) {
    size_t in_root;
    const int root = gli_storage_root(plan, plan->tensors[tensor].storage, &in_root);
    if (offset) *offset = in_root + plan->tensors[tensor].offset;
    return root;
}

bool gli_plan_bindable(const glia_plan *plan, int tensor) {
    const gli_plan_tensor *t = &plan->tensors[tensor];
    const gli_storage *own   = &plan->storages[t->storage];
    return own->kind == GLI_STORAGE_BUFFER && own->parent < 0 && !own->persistent && t->offset == 0 &&
           own->bytes == (size_t)gli_extent(&t->tensor) * glia_dtype_size(t->tensor.dtype);
}

bool gli_same_layout(const glia_plan *plan, int a, int b) {
    const glia_tensor *x = &plan->tensors[a].tensor, *y = &plan->tensors[b].tensor;
    return x->dtype == y->dtype && gli_same_shape(x, y) && gli_same_strides(x, y);
}

void gli_plan_use(glia_plan *plan, int tensor, int begin, int end) {
    if (tensor < 0) return;
    gli_storage *root = &plan->storages[gli_tensor_root(plan, tensor, NULL)];
    if (begin < root->first) root->first = begin;
    if (end - 1 > root->last) root->last = end - 1;
}

void gli_plan_lifetimes(glia_plan *plan, const gli_plan_options *options) {
    for (int s = 0; s < plan->n_storages; ++s) plan->storages[s].first = INT_MAX, plan->storages[s].last = -1;
    for (int s = 0; s < plan->n_steps; ++s) {
        for (int i = 0; i < plan->steps[s].n_in; ++i) gli_plan_use(plan, plan->steps[s].in[i], s, s + 1);
        for (int o = 0; o < plan->steps[s].op->n_outputs; ++o) gli_plan_use(plan, plan->steps[s].out[o], s, s + 1);
    }
    for (int s = 0; s < plan->n_storages; ++s) {
        gli_storage *storage = &plan->storages[s];
        if (storage->persistent || (options->no_sharing && storage->last >= 0))
            storage->first = 0, storage->last = plan->n_steps;
        if (storage->kind == GLI_STORAGE_BUFFER && storage->parent < 0 && storage->last >= 0)
            plan->unshared += gli_align_up(storage->bytes, plan->ctx->device->alignment);
    }
}

void gli_plan_note_passed_on(glia_plan *plan) {
    for (int s = 0; s < plan->n_steps; ++s)
        for (int o = 0; o < plan->steps[s].op->n_outputs; ++o) {
            if (plan->steps[s].out[o] < 0) continue;
            const gli_storage *storage = &plan->storages[plan->tensors[plan->steps[s].out[o]].storage];
            if (storage->kind == GLI_STORAGE_BUFFER && storage->parent < 0 && storage->first == s &&
                storage->last == s + 1)
                plan->steps[s].passed_on |= UINT32_C(1) << o;
        }
}

/* The lifetime of the input ends in this step, nothing else of the step is in its memory, and the result has its
 * layout.
 */
static bool may_overwrite(const glia_plan *plan, int s, int output, int input) {
    const gli_plan_step *step = &plan->steps[s];
    if (input < 0 || input >= step->n_in || step->in[input] < 0 || step->out[output] < 0) return false;
    if (!gli_plan_bindable(plan, step->out[output])) return false;
    if (plan->storages[plan->tensors[step->out[output]].storage].first != s) return false;
    const int root             = gli_tensor_root(plan, step->in[input], NULL);
    const gli_storage *storage = &plan->storages[root];
    if (storage->kind != GLI_STORAGE_BUFFER || storage->last != s) return false;
    if (!gli_same_layout(plan, step->in[input], step->out[output])) return false;
    for (int i = 0; i < step->n_in; ++i)
        if (i != input && step->in[i] >= 0 && gli_tensor_root(plan, step->in[i], NULL) == root) return false;
    for (int o = 0; o < step->op->n_outputs; ++o)
        if (step->out[o] >= 0 && gli_tensor_root(plan, step->out[o], NULL) == root) return false;
    return true;
}

void gli_plan_in_place(glia_plan *plan) {
    for (int s = 0; s < plan->n_steps; ++s)
        for (int o = 0; o < plan->steps[s].op->n_outputs; ++o) {
            const gli_op *op = plan->steps[s].op;
            const int input  = op->outputs[o].in_place;
            if (!gli_output_is(op, o, GLI_OUT_IN_PLACE) || !may_overwrite(plan, s, o, input)) continue;
            gli_storage *own  = &plan->storages[plan->tensors[plan->steps[s].out[o]].storage];
            own->parent       = gli_tensor_root(plan, plan->steps[s].in[input], &own->offset);
            gli_storage *root = &plan->storages[own->parent];
            if (own->last > root->last) root->last = own->last;
        }
}
