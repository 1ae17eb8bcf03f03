/* A build without NVIDIA's libraries. */
#include "cuda/library/library.h"

void glia_cuda_libraries_close(glia_context *ctx) { (void)ctx; }

bool glia_cuda_part(int i, glia_device_part *out) {
    (void)i, (void)out;
    return false;
}
