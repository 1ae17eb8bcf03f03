#include "cuda/ops/rnn/rnn_arguments.h"

#include "core/size.h"
#include "cuda/device/gpu_of_context.h"
#include "cuda/device/index_error.h"
#include "cuda/ops/tensor_cores.h"

void *glia_cuda_piece(glia_cuda_pieces *p, int64_t elements, size_t size) {
    void *piece = p->workspace ? p->workspace + p->used : NULL;
    p->used += glia_align_up((size_t)elements * size, GLIA_CUDA_ALIGNMENT);
    return piece;
}

void *glia_cuda_rnn_at(const void *array, int64_t element, size_t size) {
    return array ? (char *)array + (size_t)element * size : NULL;
}

glia_rnn_layer glia_cuda_rnn_layer(const glia_call *call, glia_dtype dtype, const glia_cuda_view *v) {
    const glia_rnn_geom *g = call->geom;
    glia_rnn_layer l       = {.dtype         = dtype,
                              .cell          = g->cell,
                              .reset_before  = g->reset_before,
                              .reverse       = g->reverse,
                              .directions    = g->directions,
                              .steps         = g->steps,
                              .batch         = g->batch,
                              .hidden        = g->hidden,
                              .outputs       = g->outputs,
                              .gates         = g->gates,
                              .step_rows     = g->batch_first ? 1 : g->batch,
                              .sequence_rows = g->batch_first ? g->steps : 1,
                              .cell_clip     = g->cell_clip};
    if (!v) return l;
    l.h0 = v->in[RNN_H0], l.c0 = v->in[RNN_C0];
    for (int d = 0; d < g->directions; ++d) {
        l.w_hh[d]     = v->in[rnn_weight(d, RNN_W_HH)];
        l.b_hh[d]     = v->in[rnn_weight(d, RNN_B_HH)];
        l.w_hr[d]     = v->in[rnn_weight(d, RNN_W_HR)];
        l.peephole[d] = v->in[rnn_weight(d, RNN_PEEPHOLE)];
    }
    return l;
}

glia_status glia_cuda_rnn_lengths(const glia_call *call, const glia_cuda_view *v, int *room, glia_rnn_layer *layer) {
    const glia_rnn_geom *g = call->geom;
    if (!v->in[RNN_LENGTHS]) return GLIA_OK;
    const glia_indices lengths = {v->in[RNN_LENGTHS], call->in[RNN_LENGTHS]->dtype};
    unsigned long long *slot;
    GLIA_TRY(glia_cuda_index_slot(call, RNN_LENGTHS, &slot));
    GLIA_CUDA_TRY(call->ctx, glia_kernel_rnn_lengths(&lengths, g->batch, g->steps, slot, room, v->stream));
    layer->lengths = room;
    return GLIA_OK;
}

int64_t glia_cuda_rnn_gates(const glia_rnn_geom *g) {
    return g->gates > 1 ? 4 * glia_cuda_rnn_rows(g) * g->directions * g->hidden : 0;
}

int64_t glia_cuda_rnn_cells(const glia_rnn_geom *g) {
    return g->cell == GLIA_RNN_LSTM ? glia_cuda_rnn_rows(g) * g->directions * g->hidden : 0;
}

const char *glia_cuda_rnn_deal(const glia_call *call, glia_rnn_deal *out) {
    const struct cudaDeviceProp *gpu = &glia_cuda_of(call->ctx)->properties;
    const glia_rnn_layer layer       = glia_cuda_rnn_layer(call, call->in[RNN_X]->dtype, NULL);
    const glia_rnn_place place       = {gpu->multiProcessorCount, gpu->sharedMemPerBlockOptin};
    if (!gpu->cooperativeLaunch) return "the GPU has no cooperative launches";
    if (((const glia_rnn_geom *)call->geom)->projection) return "it projects what each step gives";
    return glia_kernel_rnn_deal(&layer, place, out);
}

const char *glia_cuda_rnn_decline_persistent(const glia_call *call) {
    glia_rnn_deal deal;
    return glia_cuda_rnn_deal(call, &deal);
}

glia_status glia_cuda_rnn_fits(const glia_call *call) {
    const glia_rnn_geom *g     = call->geom;
    const glia_rnn_layer layer = glia_cuda_rnn_layer(call, call->in[RNN_X]->dtype, NULL);
    GLIA_REQUIRE(call->ctx, glia_cuda_rnn_rows(g) * glia_rnn_blocks(&layer) * g->hidden <= INT32_MAX, GLIA_UNSUPPORTED,
                 "%s: %d steps of %d sequences with %d hidden units have more than 2^31-1 gates", call->op->name,
                 g->steps, g->batch, g->hidden);
    return GLIA_OK;
}

glia_status glia_cuda_rnn_multiply(const glia_call *call, const glia_product *p, void *workspace) {
    if (glia_cuda_decline_tensor_product(call, p->dtype, p->m, p->n))
        GLIA_CUDA_TRY(call->ctx, glia_kernel_matmul(p, glia_cuda_gpu(call), workspace, call->stream));
    else
        GLIA_CUDA_TRY(call->ctx, glia_kernel_matmul_wmma(p, call->ctx->math, workspace, call->stream));
    return GLIA_OK;
}
