/* Ops that move elements: each call is a copy between two arrays seen through strides, which takes every layout and
 * dtype as it is. */
#ifndef GLIA_CUDA_OPS_STRIDED_MOVE_H
#define GLIA_CUDA_OPS_STRIDED_MOVE_H

#include "cuda/device/cuda_device.h"
#include "kernels/movement/copy_launch.h"

/* The tensor's memory with its own strides. */
glia_copy_side glia_cuda_side(const glia_tensor *tensor);

/* All of `shape`'s elements, from and to tensors of that shape: the strides can be changed before the copy runs. */
glia_copy_geom glia_cuda_copy_geom(const glia_tensor *shape, const glia_tensor *from, const glia_tensor *to);

glia_status glia_cuda_copy(const glia_call *call, const glia_copy_geom *geom);

/* The address of an element, `offset` elements further. */
void *glia_cuda_element(const glia_copy_side *side, int64_t offset);

/* Defines the provider glia_OP_portable from a function of the call. */
#define GLIA_CUDA_MOVE_PROVIDER(op, function)                                                            \
    static glia_status run_##op(const glia_call *call, const glia_prepared *prepared, void *workspace) { \
        (void)prepared, (void)workspace;                                                                 \
        return function(call);                                                                           \
    }                                                                                                    \
    const glia_provider glia_##op##_portable = {.name = "cuda.portable", .run = run_##op}

#endif
