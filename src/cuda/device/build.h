/* What differs between the two builds of this folder: ../runtime/build_cuda.c for NVIDIA's runtime,
 * ../../emulator/build_emulated.c for the emulator. GLIA_CUDA_KIND, "cuda" or "emulated", comes from CMake. */
#ifndef GLI_CUDA_DEVICE_BUILD_H
#define GLI_CUDA_DEVICE_BUILD_H

#include <stdbool.h>

/* What is known about the last error besides CUDA's own text; "": nothing. */
const char *gli_cuda_detail(void);

/* What is wrong with the variable that sets an emulated device; NULL: nothing. */
const char *gli_cuda_bad_settings(void);

/* Before a context opens the device: resets an emulated device that an earlier context left broken, as a new process
 * would find it. Returns the device's generation: contexts of an earlier one are lost. */
unsigned gli_cuda_revive(void);
unsigned gli_cuda_life(void);

/* Whether device memory is a GPU's; the emulator's is the host's. */
bool gli_cuda_is_real(void);

/* Ranges of NVTX, by which NVIDIA's profilers name what is started between the two. Nothing without such a profiler, or
 * where the library was built without NVTX's header. */
void gli_cuda_range_begin(const char *name);
void gli_cuda_range_end(void);

#endif
