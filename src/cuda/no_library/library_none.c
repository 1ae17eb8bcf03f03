/* A build without NVIDIA's libraries. */
#include "cuda/library/library.h"

void gli_cuda_libraries_close(glia_context *ctx) { (void)ctx; }

gli_image_formats gli_cuda_image_formats(glia_context *ctx, glia_dtype dtype) {
    (void)ctx, (void)dtype;
    return GLI_CUDA_OWN_IMAGE_FORMATS;
}

bool gli_cuda_part(int i, gli_device_part *out) {
    (void)i, (void)out;
    return false;
}
