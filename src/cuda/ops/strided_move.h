/* Ops that move elements: each call is a copy between two arrays seen through strides, which takes every layout and
 * dtype as it is. */
#ifndef GLI_CUDA_OPS_STRIDED_MOVE_H
#define GLI_CUDA_OPS_STRIDED_MOVE_H

#include "cuda/device/cuda_device.h"
#include "kernels/movement/copy_launch.h"

/* The tensor's memory with its own strides. */
gli_copy_side gli_cuda_side(const glia_tensor *tensor);

/* All of `shape`'s elements, from and to tensors of that shape: the strides can be changed before the copy runs. */
gli_copy_geom gli_cuda_copy_geom(const glia_tensor *shape, const glia_tensor *from, const glia_tensor *to);

glia_status gli_cuda_copy(const gli_call *call, const gli_copy_geom *geom);

/* The address of an element, `offset` elements further. */
void *gli_cuda_element(const gli_copy_side *side, int64_t offset);

/* Defines the provider gli_OP_portable from a function of the call. */
#define GLI_CUDA_MOVE_PROVIDER(op, function)                                                           \
    static glia_status run_##op(const gli_call *call, const gli_prepared *prepared, void *workspace) { \
        (void)prepared, (void)workspace;                                                               \
        return function(call);                                                                         \
    }                                                                                                  \
    const gli_provider gli_##op##_portable = {.name = "cuda.portable", .accepts = GLI_ACCEPTS_ALL, .run = run_##op}

#endif
