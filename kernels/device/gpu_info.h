/* The GPU that a launch is for. */
#ifndef GLIA_KERNELS_DEVICE_GPU_INFO_H
#define GLIA_KERNELS_DEVICE_GPU_INFO_H

typedef struct glia_gpu {
    int multiprocessors;
    int compute_capability; /* 90: 9.0 */
} glia_gpu;

#endif
