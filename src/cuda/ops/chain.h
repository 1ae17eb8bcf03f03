/* What adapters of chains ask of calls. */
#ifndef GLI_CUDA_OPS_CHAIN_H
#define GLI_CUDA_OPS_CHAIN_H

#include <string.h>

#include "core/provider.h"
#include "core/context_impl.h"

/* By name: a library of a device has the ops' descriptors once more. */
static inline bool gli_cuda_is(const gli_call *call, const gli_op *op) { return strcmp(call->op->name, op->name) == 0; }

/* `next` reads with its input `input` what `call` computes first, which nothing else does. */
static inline bool gli_cuda_feeds(const gli_call *call, const gli_call *next, int input) {
    return (call->passed_on & 1) && call->out[0] && next->in[input] && next->in[input]->data == call->out[0]->data;
}

/* For run_chain: that what was a chain of n calls is one of so many. */
static inline glia_status gli_cuda_check_chain(const gli_call *const *calls, int n, int length) {
    GLI_REQUIRE(calls[0]->ctx, length == n && n > 1, GLIA_UNSUPPORTED, "%s: a chain of %d calls has become one of %d",
                calls[0]->op->name, n, length);
    return GLIA_OK;
}

#endif
