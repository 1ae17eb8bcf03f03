#include "cuda/device/build.h"

const char *gli_cuda_detail(void) { return ""; }
unsigned gli_cuda_revive(void) { return 0; }
unsigned gli_cuda_life(void) { return 0; }
