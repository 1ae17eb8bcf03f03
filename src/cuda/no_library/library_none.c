/* A build without NVIDIA's libraries. */
#include "cuda/library/library.h"

void gli_cuda_libraries_close(glia_context *ctx) { (void)ctx; }

bool gli_cuda_part(int i, gli_device_part *out) {
    (void)i, (void)out;
    return false;
}
