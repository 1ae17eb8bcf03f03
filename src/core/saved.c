#include "core/saved.h"

/* Source: Fowler, Noll, Vo, FNV-1a, 64 bits. An op and the `forward` of it have the same geometry for the same params
 * and inputs. */
static uint64_t stamp_of(const gli_call *call) {
    uint64_t hash              = UINT64_C(0xcbf29ce484222325);
    const unsigned char *bytes = call->geom;
    for (size_t i = 0; i < call->op->geom_size; ++i) hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

void gli_saved_note(const gli_call *call, const gli_provider *producer, const glia_tensor *tensor) {
    if (tensor->saved) *tensor->saved = (struct gli_saved){producer, stamp_of(call)};
}

void gli_saved_forget(const glia_tensor *tensor) {
    if (tensor->saved) *tensor->saved = (struct gli_saved){0};
}

glia_status gli_saved_producer(const gli_call *call, const gli_provider **out) {
    const gli_op *op              = call->op;
    const int i                   = gli_saved_input(op);
    const glia_tensor *x          = i >= 0 && i < call->n_in ? call->in[i] : NULL;
    const struct gli_saved *saved = x ? x->saved : NULL;
    *out                          = saved ? saved->producer : NULL;
    if (!x || gli_count(x) == 0) return GLIA_OK;
    GLI_REQUIRE(call->ctx, *out, GLIA_INVALID_ARGUMENT, "%s: %s holds nothing that %s wrote", op->name,
                op->inputs[i].name, op->forward->name);
    GLI_REQUIRE(call->ctx, saved->stamp == stamp_of(call), GLIA_INVALID_ARGUMENT,
                "%s: %s was written by a call of %s with other params or shapes", op->name, op->inputs[i].name,
                op->forward->name);
    return GLIA_OK;
}
