#include "cuda/device/feed_stream.h"

#include "cuda/device/cuda_device.h"

static glia_status open_all(glia_context *ctx, gli_cuda_feed *feed) {
    GLI_CUDA_TRY(ctx, cudaStreamCreateWithFlags(&feed->stream, cudaStreamNonBlocking));
    GLI_CUDA_TRY(ctx, cudaEventCreateWithFlags(&feed->ready, cudaEventDisableTiming));
    GLI_CUDA_TRY(ctx, cudaEventCreateWithFlags(&feed->taken, cudaEventDisableTiming));
    return GLIA_OK;
}

static glia_status open(glia_context *ctx) {
    gli_cuda_feed *feed = &gli_cuda_of(ctx)->feed;
    if (feed->stream) return GLIA_OK;
    const glia_status status = open_all(ctx, feed);
    if (status != GLIA_OK) gli_cuda_feed_close(feed);
    return status;
}

void gli_cuda_feed_close(gli_cuda_feed *feed) {
    if (feed->stream) cudaStreamSynchronize(feed->stream);
    if (feed->ready) cudaEventDestroy(feed->ready);
    if (feed->taken) cudaEventDestroy(feed->taken);
    if (feed->stream) cudaStreamDestroy(feed->stream);
    *feed = (gli_cuda_feed){0};
}

glia_status gli_cuda_feed_begin(glia_context *ctx, void *data, size_t bytes) {
    gli_cuda_feed *feed = &gli_cuda_of(ctx)->feed;
    GLI_TRY(gli_cuda_usable(ctx));
    GLI_TRY(open(ctx));
    GLI_CUDA_TRY(ctx, cudaStreamWaitEvent(feed->stream, feed->taken, cudaEventWaitDefault));
    feed->data  = data;
    feed->bytes = bytes;
    return GLIA_OK;
}

static glia_status join(glia_context *ctx) {
    gli_cuda *cuda = gli_cuda_of(ctx);
    GLI_CUDA_TRY(ctx, cudaEventRecord(cuda->feed.ready, cuda->feed.stream));
    GLI_CUDA_TRY(ctx, cudaStreamWaitEvent(cuda->stream, cuda->feed.ready, cudaEventWaitDefault));
    return GLIA_OK;
}

/* The memory may be given away after a failure, so that nothing may still be written there. */
glia_status gli_cuda_feed_end(glia_context *ctx) {
    gli_cuda_feed *feed      = &gli_cuda_of(ctx)->feed;
    feed->bytes              = 0;
    const glia_status status = join(ctx);
    if (status != GLIA_OK) cudaStreamSynchronize(feed->stream);
    return status;
}

glia_status gli_cuda_feed_taken(glia_context *ctx) {
    gli_cuda *cuda = gli_cuda_of(ctx);
    GLI_TRY(gli_cuda_usable(ctx));
    GLI_TRY(open(ctx));
    GLI_CUDA_TRY(ctx, cudaEventRecord(cuda->feed.taken, cuda->stream));
    return GLIA_OK;
}

cudaStream_t gli_cuda_stream_to(const glia_context *ctx, const void *device) {
    const gli_cuda *cuda      = gli_cuda_of(ctx);
    const gli_cuda_feed *feed = &cuda->feed;
    const char *at            = device;
    return feed->bytes > 0 && at >= feed->data && at < feed->data + feed->bytes ? feed->stream : cuda->stream;
}
