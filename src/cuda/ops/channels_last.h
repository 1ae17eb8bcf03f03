/* Images with channels last, for the kernels that have a form of their own for them. */
#ifndef GLIA_CUDA_OPS_CHANNELS_LAST_H
#define GLIA_CUDA_OPS_CHANNELS_LAST_H

#include "cuda/ops/dense_view.h"

/* Declines where the images of the op are not [N, C, ...] with C innermost, no gaps and one type. */
const char *glia_cuda_decline_not_channels_last(const glia_call *call);

/* Defines both providers of an op: glia_OP_channels_last, whose kernel sees its images as they are, and
 * glia_OP_portable for dense ones. run(call, view, channels_last), workspace(call, dtype, channels_last); images: bits
 * of the inputs. */
#define GLIA_CUDA_CHANNEL_PROVIDERS(op, run_function, workspace_function, images)                       \
    static glia_status op##_dense(const glia_call *call, const glia_cuda_view *view) {                  \
        return run_function(call, view, false);                                                         \
    }                                                                                                   \
    static glia_status op##_last(const glia_call *call, const glia_cuda_view *view) {                   \
        return run_function(call, view, true);                                                          \
    }                                                                                                   \
    static size_t op##_dense_workspace(const glia_call *call, glia_dtype dtype) {                       \
        return workspace_function(call, dtype, false);                                                  \
    }                                                                                                   \
    static size_t op##_last_workspace(const glia_call *call, glia_dtype dtype) {                        \
        return workspace_function(call, dtype, true);                                                   \
    }                                                                                                   \
    GLIA_CUDA_PROVIDER(op, .run = op##_dense, .workspace = op##_dense_workspace);                       \
    GLIA_CUDA_KERNEL_PROVIDER(op, channels_last, glia_cuda_decline_not_channels_last, .run = op##_last, \
                              .workspace = op##_last_workspace, .strided_in = images, .strided_out = 1)

#endif
