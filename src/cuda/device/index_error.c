#include "cuda/device/index_error.h"

#include <string.h>

static glia_status clear(glia_context *ctx) {
    gli_cuda *cuda = gli_cuda_of(ctx);
    GLI_CUDA_TRY(ctx, cudaMemsetAsync(cuda->index_memory.data, 0xFF, cuda->index_memory.bytes, cuda->stream));
    return GLIA_OK;
}

glia_status gli_cuda_indices_open(glia_context *ctx) {
    gli_cuda *cuda = gli_cuda_of(ctx);
    GLI_TRY(gli_cuda_alloc(ctx, GLI_CUDA_INDEX_SLOTS * sizeof(gli_cuda_index_note), "notes about indices",
                           &cuda->index_memory));
    return clear(ctx);
}

glia_status gli_cuda_index_slot(const gli_call *call, int i, unsigned long long **slot) {
    gli_cuda *cuda = gli_cuda_of(call->ctx);
    int s          = 0;
    while (s < cuda->n_index_users && (cuda->index_users[s].op != call->op || cuda->index_users[s].input != i)) ++s;
    GLI_REQUIRE(call->ctx, s < GLI_CUDA_INDEX_SLOTS, GLIA_UNSUPPORTED, "%s: more than %d ops with indices",
                call->op->name, GLI_CUDA_INDEX_SLOTS);
    if (s == cuda->n_index_users) cuda->index_users[cuda->n_index_users++] = (gli_cuda_index_user){call->op, i};
    *slot = ((gli_cuda_index_note *)cuda->index_memory.data)[s].half;
    return GLIA_OK;
}

static glia_status fetch(glia_context *ctx, gli_cuda_index_note *notes) {
    gli_cuda *cuda = gli_cuda_of(ctx);
    GLI_CUDA_TRY(ctx, cudaMemcpyAsync(cuda->index_notes, cuda->index_memory.data, cuda->index_memory.bytes,
                                      cudaMemcpyDeviceToHost, cuda->stream));
    GLI_CUDA_TRY(ctx, cudaStreamSynchronize(cuda->stream));
    memcpy(notes, cuda->index_notes, cuda->index_memory.bytes);
    return GLIA_OK;
}

glia_status gli_cuda_check_indices(glia_context *ctx) {
    gli_cuda *cuda = gli_cuda_of(ctx);
    gli_cuda_index_note notes[GLI_CUDA_INDEX_SLOTS];
    if (cuda->n_index_users == 0) return GLIA_OK;
    GLI_TRY(fetch(ctx, notes));
    for (int s = 0; s < cuda->n_index_users; ++s) {
        const gli_cuda_index_note *note = &notes[s];
        if (note->half[0] == ~0ull) continue;
        const gli_cuda_index_user *user = &cuda->index_users[s];
        GLI_TRY(clear(ctx));
        return gli_fail(ctx, GLIA_INVALID_ARGUMENT,
                        "%s: %s[%llu] is %lld, which is out of range (found when its work had run)", user->op->name,
                        user->op->inputs[user->input].name, note->half[0] >> 32,
                        (long long)(note->half[1] << 32 | (note->half[0] & 0xffffffff)));
    }
    return GLIA_OK;
}
