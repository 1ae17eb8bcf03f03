/* The GPU that a launch is for. */
#ifndef GLI_KERNELS_DEVICE_GPU_INFO_H
#define GLI_KERNELS_DEVICE_GPU_INFO_H

typedef struct gli_gpu {
    int multiprocessors;
    int compute_capability; /* that the code which runs there is written for; 90: 9.0 */
} gli_gpu;

#endif
