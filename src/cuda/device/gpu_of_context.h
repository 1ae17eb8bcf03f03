/* What kernels are told of the GPU. */
#ifndef GLIA_CUDA_DEVICE_GPU_OF_CONTEXT_H
#define GLIA_CUDA_DEVICE_GPU_OF_CONTEXT_H

#include "cuda/device/cuda_device.h"
#include "kernels/device/gpu_info.h"

static inline glia_gpu glia_cuda_gpu(const glia_call *call) {
    const struct cudaDeviceProp *p = &glia_cuda_of(call->ctx)->properties;
    return (glia_gpu){.multiprocessors = p->multiProcessorCount, .compute_capability = 10 * p->major + p->minor};
}

#endif
