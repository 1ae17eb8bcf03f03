/* What differs between the two builds of this folder: ../runtime/build_cuda.c for NVIDIA's runtime,
 * ../../emulator/build_emulated.c for the emulator. GLIA_CUDA_KIND, "cuda" or "emulated", comes from CMake. */
#ifndef GLI_CUDA_DEVICE_BUILD_H
#define GLI_CUDA_DEVICE_BUILD_H

/* What is known about the last error besides CUDA's own text; "": nothing. */
const char *gli_cuda_detail(void);

/* Before a context opens the device: a process of its own would find it whole. Returns which life of the device this
 * is: a context of an earlier one is lost. */
unsigned gli_cuda_revive(void);
unsigned gli_cuda_life(void);

#endif
