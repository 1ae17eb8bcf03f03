#include "train/feed.h"

#include "core/context_impl.h"
#include "core/size.h"
#include "core/tensor_impl.h"

/* A smaller batch is uploaded directly, since its copy within the device would cost a launch. */
#define LEAST_BYTES ((size_t)1 << 20)

static size_t bytes_of(const glia_tensor *t) { return (size_t)gli_count(t) * glia_dtype_size(t->dtype); }

static size_t total_bytes(const gli_device *device, glia_tensor *const *in, int n) {
    size_t sum = 0;
    for (int i = 0; i < n; ++i) sum += gli_align_up(bytes_of(in[i]), device->alignment);
    return sum;
}

static glia_status make_all(gli_feed *feed, glia_context *ctx, glia_tensor *const *in, int n) {
    size_t offset     = 0;
    const size_t size = total_bytes(ctx->device, in, n);
    GLI_TRY(glia_tensor_create(ctx, GLIA_U8, GLIA_SHAPE((int64_t)size), &feed->memory));
    for (int i = 0; i < n; ++i) {
        char *data = (char *)feed->memory->data + offset;
        GLI_TRY(glia_tensor_wrap(ctx, in[i]->dtype, glia_tensor_shape(in[i]), NULL, data, &feed->in[i]));
        offset += gli_align_up(bytes_of(in[i]), ctx->device->alignment);
    }
    return ctx->device->feed_taken(ctx);
}

void gli_feed_close(gli_feed *feed) {
    for (int i = 0; i < GLI_MAX_STEP_INPUTS; ++i) glia_tensor_destroy(feed->in[i]);
    glia_tensor_destroy(feed->memory);
    *feed = (gli_feed){0};
}

/* Without memory for the buffer, batches are uploaded directly. */
static glia_status make(gli_feed *feed, glia_context *ctx, glia_tensor *const *in, int n) {
    const glia_status status = make_all(feed, ctx, in, n);
    if (status == GLIA_OK) return GLIA_OK;
    gli_feed_close(feed);
    feed->refused = status == GLIA_OUT_OF_MEMORY;
    if (!feed->refused) return status;
    gli_forget_failure(ctx);
    return GLIA_OK;
}

static bool serves(const gli_feed *feed, const gli_device *device, glia_tensor *const *in, int n) {
    if (feed->refused || !device->feed_begin) return false;
    for (int i = 0; i < n; ++i)
        if (!in[i]) return false;
    return total_bytes(device, in, n) >= LEAST_BYTES;
}

static glia_status next(gli_loader *loader, glia_tensor *const *in, int n, int inputs) {
    return gli_loader_next(loader, in, n > inputs ? in + inputs : NULL);
}

glia_status gli_feed_load(gli_feed *feed, gli_loader *loader, glia_tensor *const *in, int n, int inputs) {
    glia_context *ctx        = loader->dataset->ctx;
    const gli_device *device = ctx->device;
    if (!serves(feed, device, in, n)) return next(loader, in, n, inputs);
    if (!feed->memory) GLI_TRY(make(feed, ctx, in, n));
    if (feed->refused) return next(loader, in, n, inputs);

    GLI_TRY(device->feed_begin(ctx, feed->memory->data, bytes_of(feed->memory)));
    const glia_status loaded = next(loader, feed->in, n, inputs);
    const glia_status joined = device->feed_end(ctx);
    GLI_TRY(loaded);
    GLI_TRY(joined);
    for (int i = 0; i < n; ++i) GLI_TRY(device->copy(ctx, in[i]->data, feed->in[i]->data, bytes_of(in[i])));
    return device->feed_taken(ctx);
}
