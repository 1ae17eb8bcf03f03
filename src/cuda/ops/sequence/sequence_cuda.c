#include "kernels/sequence/sequence_launch.h"

#include <string.h>

#include "core/dtype.h"
#include "cuda/device/index_error.h"
#include "cuda/ops/strided_move.h"
#include "cuda/ops/dense_view.h"
#include "ops/sequence/sequence_geom.h"

static glia_sequences sequences_of(const glia_sequence_geom *g) {
    return (glia_sequences){g->batch, g->steps, g->width, g->time};
}

static glia_status sequence_lengths(const glia_call *call, const glia_cuda_view *v) {
    const glia_sequence_geom *g = call->geom;
    const glia_sequences s      = sequences_of(g);
    GLIA_CUDA_TRY(call->ctx, glia_kernel_sequence_lengths(&s, call->in[SEQUENCE_X]->dtype, v->in[SEQUENCE_X],
                                                          &g->padding, v->out[0], v->stream));
    return GLIA_OK;
}

static glia_status mask_steps(const glia_call *call, const glia_cuda_view *v) {
    const glia_sequence_geom *g = call->geom;
    const glia_tensor *x = call->in[SEQUENCE_X], *y = call->out[0];
    glia_step_mask mask = {.copy      = glia_cuda_copy_geom(y, x, y),
                           .sequences = sequences_of(g),
                           .lengths   = {v->in[SEQUENCE_LENGTHS], call->in[SEQUENCE_LENGTHS]->dtype}};
    mask.copy.from.data = (void *)v->in[SEQUENCE_X];
    mask.copy.to.data   = v->out[0];
    memcpy(mask.copy.from.stride, v->in_stride[SEQUENCE_X], (size_t)y->ndim * sizeof *mask.copy.from.stride);
    memcpy(mask.copy.to.stride, v->out_stride[0], (size_t)y->ndim * sizeof *mask.copy.to.stride);
    glia_store(y->dtype, mask.fill, 0, g->value);
    GLIA_TRY(glia_cuda_index_slot(call, SEQUENCE_LENGTHS, &mask.slot));
    GLIA_CUDA_TRY(call->ctx, glia_kernel_mask_steps(&mask, v->stream));
    return GLIA_OK;
}

GLIA_CUDA_PROVIDER(sequence_lengths, .run = sequence_lengths, .typed_in = 1 << SEQUENCE_X, .typed_out = 1);
GLIA_CUDA_PROVIDER(mask_steps, .run = mask_steps, .strided_in = 1 << SEQUENCE_X, .strided_out = 1,
                   .typed_in = 1 << SEQUENCE_X | 1 << SEQUENCE_LENGTHS, .typed_out = 1);
