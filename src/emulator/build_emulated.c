#include "cuda/build.h"
#include "emulator/emulator.h"

const char *glia_cuda_detail(void) { return glia_emulator_message(); }
void glia_cuda_revive(void) { glia_emulator_reset(); }
