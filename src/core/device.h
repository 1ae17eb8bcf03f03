/* A device: memory, a stream of work, and a table of providers for each op. The CPU is a part of the library; other
 * devices come as libraries of their own, which are loaded when a context asks for one. */
#ifndef GLI_CORE_DEVICE_H
#define GLI_CORE_DEVICE_H

#include "core/memory.h"
#include "core/memory_format.h"

struct gli_op;
struct gli_provider;

enum { GLI_WHY_TEXT = 320, GLI_DEVICE_TEXT = 24 };

/* Something that a device works with: a driver, a library. */
typedef struct gli_device_part {
    const char *name; /* "cuDNN" */
    bool present;
    char version[96];
    char where[512];     /* its file, where it has one; absent: why */
    const char *without; /* what is missing or slower without it; NULL: nothing works without it */
} gli_device_part;

/* The memory formats in which plans keep images, [N,C,H,W], and pass filters, [K,C,R,S], to ops. */
typedef struct gli_image_formats {
    gli_memory_format images, filters; /* row-major or channels-last */
} gli_image_formats;

/* A function may be NULL if it has nothing to do on this device. */
typedef struct gli_device {
    const char *name; /* "cpu", "cuda" */
    /* Ordered providers of an op, best first, NULL-terminated; never empty for an op of ops.inc. */
    const struct gli_provider *const *(*providers)(const struct gli_op *op);
    glia_status (*alloc)(glia_context *ctx, size_t bytes, const char *what, gli_block *out);
    void (*release)(glia_context *ctx, gli_block *block);
    /* When upload returns, the host memory may change; when download returns, it has the content. */
    glia_status (*upload)(glia_context *ctx, void *device, const void *host, size_t bytes);
    glia_status (*download)(glia_context *ctx, void *host, const void *device, size_t bytes);
    glia_status (*copy)(glia_context *ctx, void *to, const void *from, size_t bytes); /* within the device */
    glia_status (*fill)(glia_context *ctx, void *device, unsigned char byte, size_t bytes);

    /* Uploads of a batch that overlap the previous step. Between feed_begin and feed_end, which follows in any case, an
     * upload to `data` waits only for work that was started before the last feed_taken: its allocation, or what reads
     * it. Work started after feed_end waits for these uploads. NULL: this device has nothing that uploads could
     * overlap. */
    glia_status (*feed_begin)(glia_context *ctx, void *data, size_t bytes);
    glia_status (*feed_end)(glia_context *ctx);
    glia_status (*feed_taken)(glia_context *ctx);

    glia_status (*synchronize)(glia_context *ctx); /* waits for everything that was started */
    size_t alignment;                              /* of the tensors in a plan's buffer; a power of two */
    size_t io_alignment; /* that plans need of inputs and outputs, and copy them without; 1: that of elements */
    gli_image_formats (*image_formats)(glia_context *ctx, glia_dtype dtype); /* the fastest for its providers */
    bool sets_float_mode; /* its providers compute on this thread, in the mode of float_mode.h */

    int (*count)(char *why); /* how many this machine has; none: why, GLI_WHY_TEXT bytes, says the reason */
    void (*describe)(int index, char *text, size_t size); /* one line: name, memory, versions of what it runs on */
    bool (*part)(int i, gli_device_part *out);         /* of this machine, without a context; false: there is no i-th */
    glia_status (*open)(glia_context *ctx, int index); /* sets ctx->device_state; frees everything on failure */
    void (*close)(glia_context *ctx);
    glia_status (*enter)(glia_context *ctx); /* a thread begins to use the context; fails if the device was lost */
    void *(*stream)(const glia_context *ctx);
    glia_status (*memory)(glia_context *ctx, size_t *available, size_t *total);
    glia_status (*check_memory)(glia_context *ctx, const void *data); /* fails where it is not the device's */
    int (*gpu)(const glia_context *ctx); /* the number of the GPU whose memory tensors are in; -1, NULL: the host's */

    /* Device time of the work that is started between the two; end waits for it. */
    glia_status (*time_begin)(glia_context *ctx);
    glia_status (*time_end)(glia_context *ctx, double *seconds);

    /* Marks in the work, for traces: the device time between two of them, without a wait when they are made. NULL: the
     * host's clock tells it. between_marks waits for mark `to`. */
    glia_status (*marks_create)(glia_context *ctx, int count, void **out);
    void (*marks_destroy)(glia_context *ctx, int count, void *marks);
    glia_status (*mark)(glia_context *ctx, void *marks, int i);
    glia_status (*between_marks)(glia_context *ctx, void *marks, int from, int to, double *seconds);

    /* Names what is started between the two, for the vendor's profiler. */
    void (*range_begin)(const char *name);
    void (*range_end)(void);

    /* What the device can do in a second, for percentages: measured, or from what is known of it. */
    glia_status (*roof)(glia_context *ctx, double *flops, double *bytes);

    /* Everything that is started between begin and end is recorded instead of run, then replayed as one launch.
     * end fails if something in between could not be recorded; with recording NULL it only stops. */
    glia_status (*record_begin)(glia_context *ctx);
    glia_status (*record_end)(glia_context *ctx, void **recording);
    glia_status (*replay)(glia_context *ctx, void *recording);
    void (*recording_free)(glia_context *ctx, void *recording);
} gli_device;

/* What a device's library exports, under the name gli_device_export. The version and the sizes tell whether it
 * was built with this libglia. */
typedef struct gli_device_library {
    int version[3];
    size_t context_bytes, device_bytes;
    const gli_device *device;
} gli_device_library;

extern const gli_device gli_cpu_device;

/* Devices in libraries of their own; ended by a NULL name. */
typedef struct gli_device_kind {
    const char *name, *library;
    bool many;      /* there may be several, and a number follows the name */
    bool automatic; /* "auto" may choose it */
    bool internal;  /* for Glia's own tests */
} gli_device_kind;
extern const gli_device_kind gli_device_kinds[];

/* One device of this machine, as a context is given it. */
typedef struct gli_device_choice {
    const gli_device *device;
    int index;
    char name[GLI_DEVICE_TEXT]; /* "cuda:0" */
    char why[GLI_WHY_TEXT];     /* of "auto": why no GPU was chosen; "" otherwise */
} gli_device_choice;

/* Finds the device of a name, "auto" included; fails early. */
glia_status gli_device_find(const char *name, gli_device_choice *out);

/* The device of a library, by the library's name: "cuda", "emulated". NULL: why, GLI_WHY_TEXT bytes, says the reason.
 */
const gli_device *gli_device_load(const char *library, char *why);

#endif
