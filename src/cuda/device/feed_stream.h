/* Uploads of the next batch beside the step before, on a stream of their own. */
#ifndef GLI_CUDA_DEVICE_FEED_STREAM_H
#define GLI_CUDA_DEVICE_FEED_STREAM_H

#include <cuda_runtime_api.h>

#include "core/device.h"

typedef struct gli_cuda_feed {
    cudaStream_t stream; /* NULL until it is first needed */
    cudaEvent_t ready;   /* on that stream: the batch is there */
    cudaEvent_t taken;   /* on the context's: it may be overwritten */
    const char *data;    /* uploads to this memory go there now */
    size_t bytes;
} gli_cuda_feed;

/* See gli_device. */
glia_status gli_cuda_feed_begin(glia_context *ctx, void *data, size_t bytes);
glia_status gli_cuda_feed_end(glia_context *ctx);
glia_status gli_cuda_feed_taken(glia_context *ctx);

/* The stream of an upload to this address. */
cudaStream_t gli_cuda_stream_to(const glia_context *ctx, const void *device);

/* Waits for what it has begun, and frees it. */
void gli_cuda_feed_close(gli_cuda_feed *feed);

#endif
