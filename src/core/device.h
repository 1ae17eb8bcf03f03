/* A device: memory, and a table of providers for each op. */
#ifndef GLIA_CORE_DEVICE_H
#define GLIA_CORE_DEVICE_H

#include "core/memory.h"

struct glia_op;
struct glia_provider;

typedef struct glia_device {
    const char *name; /* "cpu" */
    /* Ordered providers of an op, best first, NULL-terminated; never empty for an op of ops.inc. */
    const struct glia_provider *const *(*providers)(const struct glia_op *op);
    glia_status (*alloc)(glia_context *ctx, size_t bytes, const char *what, glia_block *out);
    void (*release)(glia_context *ctx, glia_block *block);
    glia_status (*upload)(glia_context *ctx, void *device, const void *host, size_t bytes);
    glia_status (*download)(glia_context *ctx, void *host, const void *device, size_t bytes);
    glia_status (*synchronize)(glia_context *ctx); /* waits for everything that was started */
    bool image_channels_last;                      /* image networks run with channels as the innermost dimension */
} glia_device;

extern const glia_device glia_cpu_device;

/* Finds the device of a name, "auto" included; fails early. */
glia_status glia_device_find(const char *name, const glia_device **out);

#endif
