/* libglia_emulated: src/cuda built against the emulator. */
#include "cuda/build.h"

#include "emulator/cuda_runtime_api.h"

const char *glia_cuda_detail(void) { return glia_emulator_message(); }
void glia_cuda_revive(void) { glia_emulator_reset(); }
