#include "cuda/device/build.h"

#include <stddef.h>

const char *gli_cuda_detail(void) { return ""; }
const char *gli_cuda_bad_settings(void) { return NULL; }
unsigned gli_cuda_revive(void) { return 0; }
unsigned gli_cuda_life(void) { return 0; }
