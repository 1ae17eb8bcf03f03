/* The memory layouts that the native providers know. */
#ifndef GLI_CPU_NATIVE_NATIVE_LAYOUT_H
#define GLI_CPU_NATIVE_NATIVE_LAYOUT_H

#include "core/dtype.h"
#include "core/provider.h"

/* [N,C,...] with C innermost and no gaps. */
static inline bool gli_is_channels_last(const glia_tensor *tensor) {
    glia_tensor want = *tensor;
    gli_channels_last_strides(tensor->ndim, tensor->dim, want.stride);
    return gli_same_strides(tensor, &want);
}

/* Every tensor of the call that is present is f32, and each below `images` in its list of shape [N,C,...] has one
 * layout: channels last, or dense (*planes); the others are dense. NULL, or the reason why not. A tensor that is both
 * is taken as channels last if that gives longer runs; an empty one is declined. */
const char *gli_native_images(const gli_call *call, int images_in, int images_out, bool *planes);

/* Every tensor of the call that is present is f32 and dense. NULL, or the reason why not. */
const char *gli_native_dense(const gli_call *call);

#endif
