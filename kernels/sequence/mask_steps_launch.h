/* Fills the steps behind the end of each sequence. */
#ifndef GLI_KERNELS_SEQUENCE_MASK_STEPS_LAUNCH_H
#define GLI_KERNELS_SEQUENCE_MASK_STEPS_LAUNCH_H

#include "kernels/device/indices.h"
#include "kernels/movement/copy_launch.h"
#include "ops/sequence/sequence_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* copy.dim is [batch,steps,...] or [steps,batch,...], with any strides; both sides have one dtype, whose elements keep
 * their bits. A length that is not in 0 .. steps is noted in the slot, see kernels/device/index_check.cuh. */
typedef struct gli_step_mask {
    gli_copy_geom copy;
    gli_indices lengths;
    unsigned long long *slot;
    uint64_t fill; /* the geometry's value in the dtype, in the first bytes */
} gli_step_mask;

/* to = from in the first lengths[n] steps of sequence n, fill in the others. */
cudaError_t gli_kernel_mask_steps(const gli_sequence_geom *geom, const gli_step_mask *mask, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
