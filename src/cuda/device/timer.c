/* The device's own clock: two events around the work. */
#include "cuda/device/cuda_device.h"

glia_status glia_cuda_time_begin(glia_context *ctx) {
    glia_cuda *cuda = glia_cuda_of(ctx);
    GLIA_TRY(glia_cuda_usable(ctx));
    for (int i = 0; i < 2; ++i)
        if (!cuda->clock[i]) GLIA_CUDA_TRY(ctx, cudaEventCreateWithFlags(&cuda->clock[i], cudaEventDefault));
    GLIA_CUDA_TRY(ctx, cudaEventRecord(cuda->clock[0], cuda->stream));
    return GLIA_OK;
}

glia_status glia_cuda_time_end(glia_context *ctx, double *seconds) {
    glia_cuda *cuda    = glia_cuda_of(ctx);
    float milliseconds = 0;
    GLIA_CUDA_TRY(ctx, cudaEventRecord(cuda->clock[1], cuda->stream));
    GLIA_CUDA_TRY(ctx, cudaEventSynchronize(cuda->clock[1]));
    GLIA_CUDA_TRY(ctx, cudaEventElapsedTime(&milliseconds, cuda->clock[0], cuda->clock[1]));
    *seconds = 1e-3 * (double)milliseconds;
    return GLIA_OK;
}

void glia_cuda_timer_close(glia_cuda *cuda) {
    for (int i = 0; i < 2; ++i)
        if (cuda->clock[i]) cudaEventDestroy(cuda->clock[i]);
}
