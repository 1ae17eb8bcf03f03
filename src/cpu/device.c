/* The CPU as a device: its memory is host memory, and everything has finished when a call returns. */
#include "core/device.h"

#include <string.h>

#include "cpu/providers.h"

static glia_status alloc(glia_context *ctx, size_t bytes, const char *what, glia_block *out) {
    return glia_block_alloc(ctx, bytes, 1, what, out);
}

static glia_status copy(glia_context *ctx, void *to, const void *from, size_t bytes) {
    (void)ctx;
    memcpy(to, from, bytes);
    return GLIA_OK;
}

static glia_status synchronize(glia_context *ctx) {
    (void)ctx;
    return GLIA_OK;
}

const glia_device glia_cpu_device = {
    .name                = "cpu",
    .providers           = glia_cpu_providers,
    .alloc               = alloc,
    .release             = glia_block_free,
    .upload              = copy,
    .download            = copy,
    .synchronize         = synchronize,
    .image_channels_last = true,
};
