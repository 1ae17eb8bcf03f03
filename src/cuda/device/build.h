/* What differs between the two builds of this folder: ../runtime/build_cuda.c for NVIDIA's runtime,
 * ../../emulator/build_emulated.c for the emulator. GLIA_CUDA_KIND, "cuda" or "emulated", comes from CMake. */
#ifndef GLIA_CUDA_DEVICE_BUILD_H
#define GLIA_CUDA_DEVICE_BUILD_H

/* What is known about the last error besides CUDA's own text; "": nothing. */
const char *glia_cuda_detail(void);

/* Before a context opens the device: a process of its own would find it whole. Returns which life of the device this
 * is: a context of an earlier one is lost. */
unsigned glia_cuda_revive(void);
unsigned glia_cuda_life(void);

#endif
