/* The arrays that all normalizations have, from their calls. */
#ifndef GLI_CUDA_OPS_NORM_NORM_VIEW_H
#define GLI_CUDA_OPS_NORM_NORM_VIEW_H

#include "cuda/ops/dense_view.h"
#include "kernels/norm/norm_arrays.h"
#include "ops/norm/norm_geom.h"

_Static_assert((int)GLI_CUDA_ARRIVALS >= (int)GLI_NORM_ARRIVALS, "a context has counters for each section");

static inline gli_norm_arrays gli_cuda_norm_arrays(const gli_call *call, const gli_cuda_view *v, bool channels_last) {
    return (gli_norm_arrays){.dtype         = v->dtype,
                             .channels_last = channels_last,
                             .x             = v->in[GLI_NORM_X],
                             .weight        = v->in[GLI_NORM_WEIGHT],
                             .bias          = v->in[GLI_NORM_BIAS],
                             .y             = v->out[GLI_NORM_Y],
                             .mean          = v->out[GLI_NORM_MEAN],
                             .rstd          = v->out[GLI_NORM_RSTD],
                             .workspace     = v->workspace,
                             .arrivals      = gli_cuda_of(call->ctx)->arrivals.data};
}

/* Of batchnorm_inference_backward the input behind the mean is the variance. */
static inline gli_norm_backward_arrays gli_cuda_norm_backward_arrays(const gli_call *call, const gli_cuda_view *v,
                                                                     bool channels_last) {
    return (gli_norm_backward_arrays){.dtype         = v->dtype,
                                      .channels_last = channels_last,
                                      .x             = v->in[GLI_NORM_BACK_X],
                                      .dy            = v->in[GLI_NORM_BACK_DY],
                                      .weight        = v->in[GLI_NORM_BACK_WEIGHT],
                                      .mean          = v->in[GLI_NORM_BACK_MEAN],
                                      .rstd          = v->in[GLI_NORM_BACK_RSTD],
                                      .dx            = v->out[GLI_NORM_BACK_DX],
                                      .dweight       = v->out[GLI_NORM_BACK_DWEIGHT],
                                      .dbias         = v->out[GLI_NORM_BACK_DBIAS],
                                      .workspace     = v->workspace,
                                      .arrivals      = gli_cuda_of(call->ctx)->arrivals.data};
}

#endif
