/* A build without NVIDIA's libraries. */
#include "cuda/library.h"

glia_status glia_cuda_libraries_open(glia_context *ctx) {
    (void)ctx;
    return GLIA_OK;
}

void glia_cuda_libraries_close(glia_context *ctx) { (void)ctx; }
