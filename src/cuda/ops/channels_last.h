/* Images with channels last, for the kernels that have a form of their own for them. */
#ifndef GLI_CUDA_OPS_CHANNELS_LAST_H
#define GLI_CUDA_OPS_CHANNELS_LAST_H

#include "cuda/ops/dense_view.h"

/* Images of one type with channels last. */
#define GLI_ACCEPTS_CHANNELS_LAST \
    {GLI_TAKES_FLOATS, GLI_ANY_FORMAT, .images = GLI_CHANNELS_LAST, .flags = GLI_ONE_DTYPE}

/* Defines both providers of an op: gli_OP_channels_last, whose kernel sees its images as they are, and
 * gli_OP_portable for dense ones. run(call, view, channels_last), workspace(call, dtype, channels_last); images_in,
 * images_out: bits of the inputs and outputs. */
#define GLI_CUDA_CHANNEL_PROVIDERS(op, run_function, workspace_function, images_in, images_out)    \
    static glia_status op##_dense(const gli_call *call, const gli_cuda_view *view) {               \
        return run_function(call, view, false);                                                    \
    }                                                                                              \
    static glia_status op##_last(const gli_call *call, const gli_cuda_view *view) {                \
        return run_function(call, view, true);                                                     \
    }                                                                                              \
    static size_t op##_dense_workspace(const gli_call *call, glia_dtype dtype) {                   \
        return workspace_function(call, dtype, false);                                             \
    }                                                                                              \
    static size_t op##_last_workspace(const gli_call *call, glia_dtype dtype) {                    \
        return workspace_function(call, dtype, true);                                              \
    }                                                                                              \
    GLI_CUDA_PROVIDER(op, .run = op##_dense, .workspace = op##_dense_workspace);                   \
    GLI_CUDA_KERNEL_PROVIDER(op, channels_last, GLI_ACCEPTS_CHANNELS_LAST, NULL, .run = op##_last, \
                             .workspace = op##_last_workspace, .strided_in = images_in, .strided_out = images_out)

#endif
