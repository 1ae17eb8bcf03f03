#include "cuda/device/index_error.h"

#include <string.h>

static glia_status clear(glia_context *ctx) {
    glia_cuda *cuda = glia_cuda_of(ctx);
    GLIA_CUDA_TRY(ctx, cudaMemsetAsync(cuda->index_memory.data, 0xFF, cuda->index_memory.bytes, cuda->stream));
    return GLIA_OK;
}

glia_status glia_cuda_indices_open(glia_context *ctx) {
    glia_cuda *cuda = glia_cuda_of(ctx);
    GLIA_TRY(glia_cuda_alloc(ctx, GLIA_CUDA_INDEX_SLOTS * sizeof(unsigned long long), "notes about indices",
                             &cuda->index_memory));
    return clear(ctx);
}

glia_status glia_cuda_index_slot(const glia_call *call, int i, unsigned long long **slot) {
    glia_cuda *cuda = glia_cuda_of(call->ctx);
    int s           = 0;
    while (s < cuda->n_index_users && (cuda->index_users[s].op != call->op || cuda->index_users[s].input != i)) ++s;
    GLIA_REQUIRE(call->ctx, s < GLIA_CUDA_INDEX_SLOTS, GLIA_UNSUPPORTED, "%s: more than %d ops with indices",
                 call->op->name, GLIA_CUDA_INDEX_SLOTS);
    if (s == cuda->n_index_users) cuda->index_users[cuda->n_index_users++] = (glia_cuda_index_user){call->op, i};
    *slot = (unsigned long long *)cuda->index_memory.data + s;
    return GLIA_OK;
}

static glia_status fetch(glia_context *ctx, unsigned long long *notes) {
    glia_cuda *cuda = glia_cuda_of(ctx);
    GLIA_CUDA_TRY(ctx, cudaMemcpyAsync(cuda->index_notes, cuda->index_memory.data, cuda->index_memory.bytes,
                                       cudaMemcpyDeviceToHost, cuda->stream));
    GLIA_CUDA_TRY(ctx, cudaStreamSynchronize(cuda->stream));
    memcpy(notes, cuda->index_notes, cuda->index_memory.bytes);
    return GLIA_OK;
}

glia_status glia_cuda_check_indices(glia_context *ctx) {
    glia_cuda *cuda = glia_cuda_of(ctx);
    unsigned long long notes[GLIA_CUDA_INDEX_SLOTS];
    if (cuda->n_index_users == 0) return GLIA_OK;
    GLIA_TRY(fetch(ctx, notes));
    for (int s = 0; s < cuda->n_index_users; ++s) {
        if (notes[s] == ~0ull) continue;
        const glia_cuda_index_user *user = &cuda->index_users[s];
        GLIA_TRY(clear(ctx));
        return glia_fail(ctx, GLIA_INVALID_ARGUMENT,
                         "%s: %s[%llu] is %d, which is out of range (found when its work had run)", user->op->name,
                         user->op->in_names[user->input], notes[s] >> 32, (int)(notes[s] & 0xffffffff));
    }
    return GLIA_OK;
}
