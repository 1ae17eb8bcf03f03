/* The context: one device, its memory, its threads, its random seed, its log and its last message.
 *
 * A context is used by one thread at a time; a second thread that enters gets GLIA_BUSY. Different contexts
 * run in parallel. Tensors, graphs and models keep their context alive: the order of destroy calls is free.
 *
 * After fork() the child may use contexts of the CPU that no call was using, and new ones. CUDA works in no child of a
 * process that has used it; the emulated device in none of a process in which another thread was using it.
 *
 * A call on a CUDA context makes its GPU the thread's current device, and does not restore the previous one. A program
 * that calls CUDA itself on several GPUs calls cudaSetDevice first. */
#ifndef GLIA_CONTEXT_H
#define GLIA_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glia/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_context glia_context;

/* Precision of f32 arithmetic. The default is full f32: lower precision has to be requested. */
typedef enum glia_math { GLIA_MATH_F32, GLIA_MATH_TF32, GLIA_MATH_BF16 } glia_math;

/* Host memory. alloc returns NULL when it has none; alignment is a power of two, at most 4096. Both are called by the
 * thread that uses the context, and by those that destroy its tensors or read pictures: they must be thread-safe. */
typedef struct glia_allocator {
    void *(*alloc)(void *user, size_t bytes, size_t alignment);
    void (*release)(void *user, void *memory, size_t bytes);
    void *user;
} glia_allocator;

/* Receives one line of log, without a newline. Called by the thread that uses the context. */
typedef void (*glia_log_fn)(void *user, const char *line);

/* Zero means the default. Where a variable of the environment is named, the code wins over it. */
typedef struct glia_context_args {
    uint64_t seed; /* of initial weights, shuffles and dropout masks */
    int threads;   /* default: GLIA_NUM_THREADS, else OMP_NUM_THREADS, else all cores */
    glia_math math;
    bool nondeterministic;    /* allows faster providers whose bits differ from run to run */
    glia_allocator allocator; /* default: aligned_alloc and free */
    glia_log_fn log;          /* default: standard error, when GLIA_LOG is set */
    void *log_user;
} glia_context_args;

/* device: "cpu", "cuda:0", "cuda:1", ..., "emulated" (CUDA on the CPU, for development and tests: slow), or "auto" for
 * the first GPU that works, else the CPU. NULL: GLIA_DEVICE, else "auto". args may be NULL. Errors: GLIA_NOT_FOUND for
 * a device that this machine or build does not have; GLIA_INVALID_ARGUMENT for a bad GLIA_LOG, GLIA_PROVIDER,
 * GLIA_CHECK, GLIA_NUM_THREADS, GLIA_CUDA_CHUNK, GLIA_CUDA_FAIL or GLIA_EMULATOR; the message is then
 * glia_message(NULL). */
GLIA_API glia_status glia_context_create(const char *device, const glia_context_args *args, glia_context **out);

/* NULL is allowed. */
GLIA_API void glia_context_destroy(glia_context *ctx);

/* Text of this context's last failure, "" if there was none. It stays valid until the context fails again. After
 * GLIA_BUSY it is that one, for the thread that got it, until it calls again. ctx NULL: of this thread's last failure
 * that has no context: of glia_context_create, or of a NULL object. Control characters come as "?". */
GLIA_API const char *glia_message(const glia_context *ctx);

GLIA_API const char *glia_context_device(const glia_context *ctx); /* "cpu", "cuda:0" */
GLIA_API int glia_context_threads(const glia_context *ctx);

/* The stream on which all of the context's work runs in order: a cudaStream_t on a CUDA device; NULL on the CPU, where
 * calls return when they are done. */
GLIA_API void *glia_context_stream(const glia_context *ctx);

/* Bytes that the context's tensors, plans and workspaces have allocated now, and at their peak. */
GLIA_API size_t glia_context_bytes(const glia_context *ctx);
GLIA_API size_t glia_context_peak_bytes(const glia_context *ctx);

/* One thing that is known about the devices of this machine. */
typedef struct glia_device_fact {
    const char *device;  /* "cpu", "cuda:0", "emulated"; "cuda": of all GPUs, or there is none */
    const char *subject; /* "device", "library", or something that it works with, such as "cuDNN" */
    bool present;
    const char *text; /* what it is, its version, its file; absent: why, and what that means */
} glia_device_fact;

/* Calls `visit` once for each fact, device after device. What has a present "device" can be given to
 * glia_context_create. The facts live until visit returns. The command `glia doctor` prints them. */
GLIA_API glia_status glia_devices_describe(void (*visit)(void *user, const glia_device_fact *fact), void *user);

/* An implementation of an op on a kind of device, and which calls it takes. What this does not say, a provider decides
 * by the call: GLIA_LOG=dispatch shows its reasons. */
typedef struct glia_provider_fact {
    const char *device;  /* "cpu", "cuda", "emulated" */
    const char *op;      /* "conv2d" */
    const char *name;    /* "cpu.onednn" */
    unsigned dtypes;     /* of its floating-point tensors: bit d for the glia_dtype d */
    const char *formats; /* of its tensors in memory: "row-major", "packed", "strided", "any" */
    const char *images;  /* the same for images [N,C,...], such as "channels-last"; NULL: as formats */
    const char *needs;   /* what else has to be so: "all of one dtype"; "": nothing */
} glia_provider_fact;

/* Calls `visit` once for each provider of this build, device after device, op after op, the preferred one first. The
 * facts live until visit returns. The command `glia doctor --providers` prints them. */
GLIA_API glia_status glia_providers_describe(void (*visit)(void *user, const glia_provider_fact *fact), void *user);

#ifdef __cplusplus
}
#endif
#endif
