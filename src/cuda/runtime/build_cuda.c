#include "cuda/device/build.h"

const char *glia_cuda_detail(void) { return ""; }
unsigned glia_cuda_revive(void) { return 0; }
unsigned glia_cuda_life(void) { return 0; }
