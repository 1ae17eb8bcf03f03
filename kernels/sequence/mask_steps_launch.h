/* Sequences that were padded to one length. */
#ifndef GLI_KERNELS_SEQUENCE_MASK_STEPS_LAUNCH_H
#define GLI_KERNELS_SEQUENCE_MASK_STEPS_LAUNCH_H

#include "kernels/movement/copy_launch.h"
#include "kernels/device/indices.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `batch` sequences of `steps` steps of `width` elements, dense: time is the axis of the steps, 0 or 1. Of less than
 * 2^31 elements. */
typedef struct gli_sequences {
    int batch, steps, width, time;
} gli_sequences;

/* lengths[n] = 1 + the last step of x with an element that differs from `padding`, an element of the dtype; 0 where
 * there is none. Any dtype. */
cudaError_t gli_kernel_sequence_lengths(const gli_sequences *s, glia_dtype dtype, const void *x, const void *padding,
                                        int *lengths, cudaStream_t stream);

/* copy.dim is [batch,steps,...] or [steps,batch,...], with any strides; both sides have one dtype, whose elements keep
 * their bits. A length that is not in 0 .. steps is noted in the slot, see kernels/device/index_check.cuh. */
typedef struct gli_step_mask {
    gli_copy_geom copy;
    gli_sequences sequences;
    gli_indices lengths;
    unsigned long long *slot;
    unsigned char fill[8]; /* an element */
} gli_step_mask;

/* to = from in the first lengths[n] steps of sequence n, fill in the others. */
cudaError_t gli_kernel_mask_steps(const gli_step_mask *mask, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
