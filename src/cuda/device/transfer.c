/* Copies between host and device, through pinned memory: two halves that take turns, so that the host fills one while
 * the device copies the other. And copies within the device. */
#include <string.h>

#include "core/size.h"
#include "cuda/device/cuda_device.h"
#include "cuda/device/index_error.h"

/* Each replay of a recorded copy would read the staging memory again, whatever lies there by then; and the host may not
 * wait for an event that a recording has captured, so that the half could never be used again. */
static glia_status require_no_recording(glia_context *ctx, const char *what) {
    GLI_TRY(gli_cuda_usable(ctx));
    GLI_REQUIRE(ctx, !gli_cuda_of(ctx)->recording, GLIA_UNSUPPORTED,
                "%s: %s while a plan is recorded would be no part of it", ctx->device_name, what);
    return GLIA_OK;
}

/* Waits until the half may be used again. */
static glia_status take_half(glia_context *ctx, int *half) {
    gli_cuda *cuda  = gli_cuda_of(ctx);
    *half           = cuda->next_half;
    cuda->next_half = (*half + 1) % GLI_CUDA_STAGING_HALVES;
    GLI_CUDA_TRY(ctx, cudaEventSynchronize(cuda->staged[*half]));
    return GLIA_OK;
}

/* Marks the end of what was started on the half. */
static glia_status mark(glia_context *ctx, int half, cudaStream_t stream) {
    GLI_CUDA_TRY(ctx, cudaEventRecord(gli_cuda_of(ctx)->staged[half], stream));
    return GLIA_OK;
}

/* Starts a copy between the half and the device; what fails is over when this returns, for the half is used again. */
static glia_status start(glia_context *ctx, int half, void *to, const void *from, size_t bytes,
                         enum cudaMemcpyKind kind) {
    const cudaStream_t stream = kind == cudaMemcpyHostToDevice ? gli_cuda_stream_to(ctx, to) : gli_cuda_of(ctx)->stream;
    GLI_CUDA_TRY(ctx, cudaMemcpyAsync(to, from, bytes, kind, stream));
    const glia_status status = mark(ctx, half, stream);
    if (status != GLIA_OK) cudaStreamSynchronize(stream);
    return status;
}

glia_status gli_cuda_upload(glia_context *ctx, void *device, const void *host, size_t bytes) {
    gli_cuda *cuda = gli_cuda_of(ctx);
    GLI_TRY(require_no_recording(ctx, "an upload"));
    for (size_t offset = 0; offset < bytes; offset += GLI_CUDA_STAGING_BYTES) {
        const size_t size = gli_min_size(bytes - offset, GLI_CUDA_STAGING_BYTES);
        int half;
        GLI_TRY(take_half(ctx, &half));
        memcpy(cuda->staging[half], (const char *)host + offset, size);
        GLI_TRY(start(ctx, half, (char *)device + offset, cuda->staging[half], size, cudaMemcpyHostToDevice));
    }
    return GLIA_OK;
}

/* One chunk is transferred while the one before is copied from the staging memory. */
glia_status gli_cuda_download(glia_context *ctx, void *host, const void *device, size_t bytes) {
    gli_cuda *cuda = gli_cuda_of(ctx);
    GLI_TRY(require_no_recording(ctx, "a download"));
    size_t done = 0;
    int before  = -1;
    for (size_t offset = 0; offset < bytes || before >= 0; offset += GLI_CUDA_STAGING_BYTES) {
        int half = -1;
        if (offset < bytes) {
            GLI_TRY(take_half(ctx, &half));
            const size_t size = gli_min_size(bytes - offset, GLI_CUDA_STAGING_BYTES);
            GLI_TRY(start(ctx, half, cuda->staging[half], (const char *)device + offset, size, cudaMemcpyDeviceToHost));
        }
        if (before >= 0) {
            const size_t size = gli_min_size(bytes - done, GLI_CUDA_STAGING_BYTES);
            GLI_CUDA_TRY(ctx, cudaEventSynchronize(cuda->staged[before]));
            memcpy((char *)host + done, cuda->staging[before], size);
            done += size;
        }
        before = half;
    }
    return gli_cuda_check_indices(ctx);
}

glia_status gli_cuda_move(glia_context *ctx, void *to, const void *from, size_t bytes) {
    GLI_TRY(gli_cuda_usable(ctx));
    GLI_CUDA_TRY(ctx, cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, gli_cuda_of(ctx)->stream));
    return GLIA_OK;
}

glia_status gli_cuda_fill(glia_context *ctx, void *device, unsigned char byte, size_t bytes) {
    GLI_TRY(gli_cuda_usable(ctx));
    GLI_CUDA_TRY(ctx, cudaMemsetAsync(device, byte, bytes, gli_cuda_of(ctx)->stream));
    return GLIA_OK;
}

glia_status gli_cuda_synchronize(glia_context *ctx) {
    GLI_TRY(require_no_recording(ctx, "a synchronisation"));
    GLI_CUDA_TRY(ctx, cudaStreamSynchronize(gli_cuda_of(ctx)->stream));
    return gli_cuda_check_indices(ctx);
}
