#include "cuda/device/build.h"
#include "emulator/emulator.h"

const char *gli_cuda_detail(void) { return gli_emulator_message(); }
const char *gli_cuda_bad_settings(void) { return gli_emulator_bad_settings(); }
unsigned gli_cuda_life(void) { return gli_emulator_resets(); }
bool gli_cuda_is_real(void) { return false; }

unsigned gli_cuda_revive(void) {
    gli_emulator_reset();
    return gli_cuda_life();
}

void gli_cuda_range_begin(const char *name) { (void)name; }
void gli_cuda_range_end(void) {}
