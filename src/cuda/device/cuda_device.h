/* The inside of a CUDA device: what a context holds on it, and how its calls are checked. The same code is built
 * against NVIDIA's runtime (libglia_cuda) and against the emulator (libglia_emulated). */
#ifndef GLI_CUDA_DEVICE_CUDA_DEVICE_H
#define GLI_CUDA_DEVICE_CUDA_DEVICE_H

#include <cuda_runtime_api.h>

#include "core/provider.h"
#include "cuda/device/feed_stream.h"
#include "cuda/device/kernel_code.h"
#include "cuda/device/memory_pool.h"

struct gli_cuda_opened;
enum { GLI_CUDA_ARRIVALS = 256 };
enum { GLI_CUDA_STAGING_BYTES = 4 << 20, GLI_CUDA_STAGING_HALVES = 2 };

/* An input of an op that holds indices; see index_error.h. */
typedef struct gli_cuda_index_user {
    const gli_op *op;
    int input;
} gli_cuda_index_user;

typedef struct gli_cuda {
    int index; /* of the device */
    struct cudaDeviceProp properties;
    gli_kernel_code code; /* that runs on it */
    cudaStream_t stream;
    gli_cuda_pool pool;
    cudaEvent_t clock[2]; /* timer.c; made when first used */

    /* Host memory that the device can copy from and to while the host goes on; each half is free again once its event
     * has happened. */
    char *staging[GLI_CUDA_STAGING_HALVES];
    cudaEvent_t staged[GLI_CUDA_STAGING_HALVES];
    int next_half;
    gli_cuda_feed feed;
    bool recording; /* a plan; transfers, which are no part of it, are refused */

    /* Indices that kernels found out of range; see index_error.h. */
    gli_cuda_index_user index_users[32];
    int n_index_users;
    gli_block index_memory;
    void *index_notes; /* host memory for a copy of it */

    /* GLI_CUDA_ARRIVALS counters, at which blocks arrive, see kernels/device/arrivals.cuh; zero before and after each
     * kernel. */
    gli_block arrivals;

    unsigned life;     /* of the device, in which the context was made; see build.h */
    bool lost;         /* after an error that only a new context can mend */
    char lost_by[256]; /* what that was */
    int64_t calls;     /* through GLI_CUDA_TRY, so far */
    int64_t fail_at;   /* the call that is made to fail, for tests: GLIA_CUDA_FAIL=call:error; -1: none */
    int fail_with;
    struct gli_cuda_opened *libraries; /* that were asked for; see library.h */
} gli_cuda;

static inline gli_cuda *gli_cuda_of(const glia_context *ctx) { return (gli_cuda *)ctx->device_state; }

/* Counts a call. true: a test makes it fail, with *error. */
bool gli_cuda_fails(gli_cuda *cuda, int *error);

/* One translator for the runtime's errors: GLIA_OUT_OF_MEMORY, GLIA_DEVICE_LOST for what cannot be undone,
 * GLIA_UNSUPPORTED, else GLIA_DEVICE_ERROR, with the call and the runtime's own words as the message. */
glia_status gli_cuda_status(glia_context *ctx, const char *call, cudaError_t error);

/* Of a failure inside a library of NVIDIA's, whose own runtime tells ours nothing: asks the device. A failure with
 * `call` where the device has one of its own to report, GLIA_DEVICE_LOST above all; GLIA_OK: it has none. */
glia_status gli_cuda_ask(glia_context *ctx, const char *call);

/* Every call of the runtime, and every launch of a kernel, goes through this. */
#define GLI_CUDA_TRY(ctx, call)                                                                                    \
    do {                                                                                                           \
        int cuda_try_error;                                                                                        \
        if (!gli_cuda_fails(gli_cuda_of(ctx), &cuda_try_error)) cuda_try_error = (int)(call);                      \
        if (cuda_try_error != (int)cudaSuccess) return gli_cuda_status((ctx), #call, (cudaError_t)cuda_try_error); \
    } while (0)

/* For a provider that another can stand in for: a failure of its own is a refusal, and the call goes to the next. */
static inline glia_status gli_cuda_refusal(glia_status status) {
    return status == GLIA_DEVICE_ERROR ? GLIA_UNSUPPORTED : status;
}

/* Fails at once, with the reason, when the device was lost. */
glia_status gli_cuda_usable(glia_context *ctx);

glia_status gli_cuda_upload(glia_context *ctx, void *device, const void *host, size_t bytes);
glia_status gli_cuda_download(glia_context *ctx, void *host, const void *device, size_t bytes);
glia_status gli_cuda_synchronize(glia_context *ctx);
glia_status gli_cuda_move(glia_context *ctx, void *to, const void *from, size_t bytes);
glia_status gli_cuda_fill(glia_context *ctx, void *device, unsigned char byte, size_t bytes);

/* timer.c */
glia_status gli_cuda_time_begin(glia_context *ctx);
glia_status gli_cuda_time_end(glia_context *ctx, double *seconds);
void gli_cuda_timer_close(gli_cuda *cuda);

/* marks.c: see gli_device */
glia_status gli_cuda_marks_create(glia_context *ctx, int count, void **out);
void gli_cuda_marks_destroy(glia_context *ctx, int count, void *marks);
glia_status gli_cuda_mark(glia_context *ctx, void *marks, int i);
glia_status gli_cuda_between_marks(glia_context *ctx, void *marks, int from, int to, double *seconds);
glia_status gli_cuda_roof(glia_context *ctx, double *flops, double *bytes);

/* recording.c: streams captured as CUDA graphs; see gli_device. */
glia_status gli_cuda_record_begin(glia_context *ctx);
glia_status gli_cuda_record_end(glia_context *ctx, void **recording);
glia_status gli_cuda_replay(glia_context *ctx, void *recording);
void gli_cuda_recording_free(glia_context *ctx, void *recording);

#endif
