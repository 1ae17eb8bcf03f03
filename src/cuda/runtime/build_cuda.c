#include "cuda/device/build.h"

#include <stddef.h>

const char *gli_cuda_detail(void) { return ""; }
const char *gli_cuda_bad_settings(void) { return NULL; }
unsigned gli_cuda_revive(void) { return 0; }
unsigned gli_cuda_life(void) { return 0; }
bool gli_cuda_is_real(void) { return true; }

#if __has_include(<nvtx3/nvToolsExt.h>)
#include <nvtx3/nvToolsExt.h>

void gli_cuda_range_begin(const char *name) { nvtxRangePushA(name); }
void gli_cuda_range_end(void) { nvtxRangePop(); }
#else
void gli_cuda_range_begin(const char *name) { (void)name; }
void gli_cuda_range_end(void) {}
#endif
