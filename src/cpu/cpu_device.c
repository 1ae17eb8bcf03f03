/* The CPU as a device: its memory is host memory, and everything has finished when a call returns. */
#include "core/device.h"

#include <stdio.h>
#include <string.h>

#include "core/team.h"
#include "cpu/cpu_providers.h"
#include "cpu/cpu_roof.h"
#include "cpu/cpu_settings.h"

#ifdef GLIA_WITH_ONEDNN
#include "cpu/onednn/onednn.h"
#else
static bool gli_dnn_version(char *text, size_t size) {
    (void)text, (void)size;
    return false;
}
#endif

static glia_status alloc(glia_context *ctx, size_t bytes, const char *what, gli_block *out) {
    return gli_block_alloc(ctx, bytes, 1, what, out);
}

static glia_status copy(glia_context *ctx, void *to, const void *from, size_t bytes) {
    (void)ctx;
    memcpy(to, from, bytes);
    return GLIA_OK;
}

static glia_status fill(glia_context *ctx, void *data, unsigned char byte, size_t bytes) {
    (void)ctx;
    memset(data, byte, bytes);
    return GLIA_OK;
}

static glia_status synchronize(glia_context *ctx) {
    (void)ctx;
    return GLIA_OK;
}

static void describe(int index, char *text, size_t size) {
    (void)index;
    snprintf(text, size, "%d threads", gli_team_default_size());
}

static bool part(int i, gli_device_part *out) {
    *out = (gli_device_part){.name = "oneDNN", .without = "convolutions and dense layers take up to 3 times as long"};
    out->present = gli_dnn_version(out->version, sizeof out->version);
    if (!out->present) snprintf(out->where, sizeof out->where, "not in this build");
    return i == 0;
}

static gli_image_formats image_formats(glia_context *ctx, glia_dtype dtype) {
    (void)ctx, (void)dtype;
    return (gli_image_formats){GLI_CHANNELS_LAST, GLI_ROW_MAJOR};
}

const gli_device gli_cpu_device = {
    .name            = "cpu",
    .open            = gli_cpu_open,
    .providers       = gli_cpu_providers,
    .alloc           = alloc,
    .release         = gli_block_free,
    .upload          = copy,
    .download        = copy,
    .copy            = copy,
    .fill            = fill,
    .synchronize     = synchronize,
    .alignment       = GLI_ALIGNMENT,
    .io_alignment    = 1,
    .image_formats   = image_formats,
    .sets_float_mode = true,
    .describe        = describe,
    .part            = part,
    .roof            = gli_cpu_roof,
};
