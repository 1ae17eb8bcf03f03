#include "kernels/sequence/sequence_lengths_launch.h"

#include "core/provider.h"
#include "cuda/ops/dense_view.h"

static glia_status sequence_lengths(const gli_call *call, const gli_cuda_view *v) {
    GLI_CUDA_TRY(call->ctx, gli_kernel_sequence_lengths(call->geom, call->in[GLI_SEQUENCE_X]->dtype,
                                                        v->in[GLI_SEQUENCE_X], v->out[0], v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(sequence_lengths, .run = sequence_lengths, .typed_in = 1 << GLI_SEQUENCE_X, .typed_out = 1);
