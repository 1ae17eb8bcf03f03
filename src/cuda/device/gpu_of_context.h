/* What kernels are told of the GPU. */
#ifndef GLI_CUDA_DEVICE_GPU_OF_CONTEXT_H
#define GLI_CUDA_DEVICE_GPU_OF_CONTEXT_H

#include "cuda/device/cuda_device.h"
#include "kernels/device/gpu_info.h"

static inline gli_gpu gli_cuda_gpu(const gli_call *call) {
    const gli_cuda *cuda = gli_cuda_of(call->ctx);
    return (gli_gpu){.multiprocessors    = cuda->properties.multiProcessorCount,
                     .compute_capability = cuda->code.architecture};
}

#endif
