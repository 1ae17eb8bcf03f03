/* The samples of a training step. */
#ifndef GLI_KERNELS_DATA_TAKE_BATCH_LAUNCH_H
#define GLI_KERNELS_DATA_TAKE_BATCH_LAUNCH_H

#include <cuda_runtime_api.h>

#include "ops/data/take_batch_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gli_take_batch_arrays {
    const void *samples; /* [samples, elements], of `size` bytes each; with a table u8 */
    int size, stride;    /* stride: elements from a sample to the next */
    int planes;          /* above 1: a sample is so many planes, which y interleaves (channels last) */
    const int64_t *order, *position;
    const float *table; /* [parts, 256], for the equal parts of a sample; NULL: there is none */
    void *y;            /* [batch, elements], dense; with a table f32 */
    unsigned long long *slot;
    const int64_t *view; /* [count]; NULL: the number of a sample is its index */
    unsigned long long *view_slot;
    const int64_t *epoch;           /* of a role */
    unsigned long long *class_slot; /* of the role of classes: the samples themselves may be out of range */
    int wide;                       /* of the roles of classes: they are i64, otherwise i32 */
    const float *boxes;             /* of the role of classes of boxes: [batch, elements, 4] */
    uint64_t fill;                  /* of the role of masks: the bytes of the number */
} gli_take_batch_arrays;

/* y[b, e] = samples[view[order[position + b]], e], or the table's entry for it in the part of e. Indices beyond the
 * order, and samples beyond the last one, are noted in the slot, see index_check.cuh; y then has sample 0. */
cudaError_t gli_kernel_take_batch(const gli_take_batch_geom *geom, const gli_take_batch_arrays *arrays,
                                  cudaStream_t stream);

/* With a role, as gli_kernel_augment_group. */
enum { GLI_TAKE_BATCH_GROUP = 4 };

/* The same for n of them in one launch, at most GLI_TAKE_BATCH_GROUP, none without elements. */
cudaError_t gli_kernel_take_batch_group(const gli_take_batch_geom *const *geoms, const gli_take_batch_arrays *arrays,
                                        int n, cudaStream_t stream);

/* The same where some have a role: as ops/data/augmentation_pixels.h makes them, to the bits of a CPU. */
cudaError_t gli_kernel_augment_group(const gli_take_batch_geom *const *geoms, const gli_take_batch_arrays *arrays,
                                     int n, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
