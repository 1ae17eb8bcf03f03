#include "kernels/sequence/mask_steps_launch.h"

#include <string.h>

#include "core/dtype.h"
#include "core/provider.h"
#include "cuda/device/index_error.h"
#include "cuda/ops/dense_view.h"
#include "cuda/ops/strided_move.h"

static glia_status mask_steps(const gli_call *call, const gli_cuda_view *v) {
    const gli_sequence_geom *g = call->geom;
    const glia_tensor *x = call->in[GLI_SEQUENCE_X], *y = call->out[0];
    gli_step_mask mask  = {.copy    = gli_cuda_copy_geom(y, x, y),
                           .lengths = {v->in[GLI_SEQUENCE_LENGTHS], call->in[GLI_SEQUENCE_LENGTHS]->dtype}};
    mask.copy.from.data = (void *)v->in[GLI_SEQUENCE_X];
    mask.copy.to.data   = v->out[0];
    memcpy(mask.copy.from.stride, v->in_stride[GLI_SEQUENCE_X], (size_t)y->ndim * sizeof *mask.copy.from.stride);
    memcpy(mask.copy.to.stride, v->out_stride[0], (size_t)y->ndim * sizeof *mask.copy.to.stride);
    gli_store(y->dtype, &mask.fill, 0, g->value);
    GLI_TRY(gli_cuda_index_slot(call, GLI_SEQUENCE_LENGTHS, &mask.slot));
    GLI_CUDA_TRY(call->ctx, gli_kernel_mask_steps(g, &mask, v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(mask_steps, .run = mask_steps, .strided_in = 1 << GLI_SEQUENCE_X, .strided_out = 1,
                  .typed_in = 1 << GLI_SEQUENCE_X | 1 << GLI_SEQUENCE_LENGTHS, .typed_out = 1);
