/* The device's own clock: two events around the work. */
#include "cuda/device/cuda_device.h"

glia_status gli_cuda_time_begin(glia_context *ctx) {
    gli_cuda *cuda = gli_cuda_of(ctx);
    GLI_TRY(gli_cuda_usable(ctx));
    for (int i = 0; i < 2; ++i)
        if (!cuda->clock[i]) GLI_CUDA_TRY(ctx, cudaEventCreateWithFlags(&cuda->clock[i], cudaEventDefault));
    GLI_CUDA_TRY(ctx, cudaEventRecord(cuda->clock[0], cuda->stream));
    return GLIA_OK;
}

glia_status gli_cuda_time_end(glia_context *ctx, double *seconds) {
    gli_cuda *cuda     = gli_cuda_of(ctx);
    float milliseconds = 0;
    GLI_CUDA_TRY(ctx, cudaEventRecord(cuda->clock[1], cuda->stream));
    GLI_CUDA_TRY(ctx, cudaEventSynchronize(cuda->clock[1]));
    GLI_CUDA_TRY(ctx, cudaEventElapsedTime(&milliseconds, cuda->clock[0], cuda->clock[1]));
    *seconds = 1e-3 * (double)milliseconds;
    return GLIA_OK;
}

void gli_cuda_timer_close(gli_cuda *cuda) {
    for (int i = 0; i < 2; ++i)
        if (cuda->clock[i]) cudaEventDestroy(cuda->clock[i]);
}
