#include "cuda/device/build.h"
#include "emulator/emulator.h"

const char *glia_cuda_detail(void) { return glia_emulator_message(); }
unsigned glia_cuda_life(void) { return glia_emulator_resets(); }

unsigned glia_cuda_revive(void) {
    glia_emulator_reset();
    return glia_cuda_life();
}
