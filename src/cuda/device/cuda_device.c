/* CUDA as a device. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/device.h"
#include "core/print.h"
#include "cuda/device/build.h"
#include "cuda/device/cuda_device.h"
#include "cuda/device/index_error.h"
#include "cuda/device/kernel_code.h"
#include "cuda/library/access.h"
#include "cuda/library/library.h"
#include "cuda/cuda_providers.h"
#include "glia/glia.h"
#include "kernels/device/built_for.h"

static void say_driver_is_old(char *why, int driver) {
    int runtime = 0;
    cudaRuntimeGetVersion(&runtime);
    const char *least = gli_least_driver(runtime);
    const int length  = snprintf(why, GLI_WHY_TEXT, "the driver is of CUDA %d.%d, and too old for CUDA %d.%d",
                                 driver / 1000, driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
    if (least) snprintf(why + length, GLI_WHY_TEXT - (size_t)length, ", which needs driver %s or later", least);
}

static int count(char *why) {
    int devices             = 0;
    const cudaError_t error = cudaGetDeviceCount(&devices);
    if (error == cudaSuccess && devices > 0) return devices;
    cudaGetLastError();
    int driver = 0;
    if (cudaDriverGetVersion(&driver) == cudaSuccess && driver == 0)
        snprintf(why, GLI_WHY_TEXT, "no CUDA driver is installed");
    else if (error == cudaErrorNoDevice || error == cudaSuccess)
        snprintf(why, GLI_WHY_TEXT, "the CUDA driver sees no GPU");
    else if (error == cudaErrorInsufficientDriver)
        say_driver_is_old(why, driver);
    else
        snprintf(why, GLI_WHY_TEXT, "%s (%s)", cudaGetErrorString(error), cudaGetErrorName(error));
    return 0;
}

static const char *words_of(gli_kernel_code code) {
    if (code.architecture == 0) return "no kernels for this GPU";
    return code.from_ptx ? "kernels compiled by the driver once" : "kernels built for this GPU";
}

static void describe(int index, char *text, size_t size) {
    struct cudaDeviceProp p;
    if (cudaGetDeviceProperties(&p, index) != cudaSuccess)
        snprintf(text, size, "%s", cudaGetErrorString(cudaGetLastError()));
    else
        gli_format(text, size, "%s, compute capability %d.%d, %d multiprocessors, %.1f GiB, %s", p.name, p.major,
                   p.minor, p.multiProcessorCount, (double)p.totalGlobalMem / (1 << 30),
                   words_of(gli_kernel_code_for(&p, gli_kernel_built_for())));
}

/* The whole number that text begins with, which is not negative; false: it begins with none. */
static bool read_number(const char *text, char **end, int64_t *out) {
    errno = 0;
    *out  = strtoll(text, end, 10);
    return *end != text && errno == 0 && *out >= 0;
}

/* GLIA_CUDA_CHUNK=bytes: the minimum for a cudaMalloc; 0 gives each tensor its own, for tools that look for
 * accesses out of bounds. */
static glia_status read_chunk(glia_context *ctx) {
    const char *text = getenv("GLIA_CUDA_CHUNK");
    int64_t bytes    = 64 << 20;
    char *end;
    if (text && *text)
        GLI_REQUIRE(ctx, read_number(text, &end, &bytes) && !*end, GLIA_INVALID_ARGUMENT,
                    "GLIA_CUDA_CHUNK is '%.64s', must be a number of bytes, 0 or more", text);
    gli_cuda_of(ctx)->pool.chunk_bytes = (size_t)bytes;
    return GLIA_OK;
}

/* GLIA_CUDA_FAIL=call:error makes one call fail, for tests. Error 0 would be a call that is left out and succeeds. */
static glia_status read_fail(glia_context *ctx) {
    gli_cuda *cuda   = gli_cuda_of(ctx);
    const char *text = getenv("GLIA_CUDA_FAIL");
    int64_t call = -1, error = 0;
    char *end;
    cuda->fail_at = -1;
    if (!text || !*text) return GLIA_OK;
    GLI_REQUIRE(ctx,
                read_number(text, &end, &call) && *end == ':' && read_number(end + 1, &end, &error) && !*end &&
                    error > 0 && error <= INT_MAX,
                GLIA_INVALID_ARGUMENT,
                "GLIA_CUDA_FAIL is '%.64s', must be CALL:ERROR, the number of a call and that of a CUDA error, as 7:2",
                text);
    cuda->fail_at   = call;
    cuda->fail_with = (int)error;
    return GLIA_OK;
}

static glia_status check_settings(glia_context *ctx) {
    const char *wrong = gli_cuda_bad_settings();
    return wrong ? gli_fail(ctx, GLIA_INVALID_ARGUMENT, "%s", wrong) : GLIA_OK;
}

static glia_status choose_code(glia_context *ctx) {
    gli_cuda *cuda                 = gli_cuda_of(ctx);
    const struct cudaDeviceProp *p = &cuda->properties;
    char why[GLI_KERNEL_CODE_TEXT];
    cuda->code = gli_kernel_code_for(p, gli_kernel_built_for());
    if (cuda->code.architecture > 0) return GLIA_OK;
    gli_kernel_code_missing(p, gli_kernel_built_for(), why, sizeof why);
    return gli_fail(ctx, GLIA_UNSUPPORTED, "%s", why);
}

static glia_status open_staging(glia_context *ctx) {
    gli_cuda *cuda = gli_cuda_of(ctx);
    for (int half = 0; half < GLI_CUDA_STAGING_HALVES; ++half) {
        void *memory;
        GLI_CUDA_TRY(ctx, cudaMallocHost(&memory, GLI_CUDA_STAGING_BYTES));
        cuda->staging[half] = memory;
        GLI_CUDA_TRY(ctx, cudaEventCreateWithFlags(&cuda->staged[half], cudaEventDisableTiming));
    }
    GLI_CUDA_TRY(ctx, cudaMallocHost(&cuda->index_notes, GLI_CUDA_INDEX_SLOTS * sizeof(gli_cuda_index_note)));
    return GLIA_OK;
}

static glia_status open_arrivals(glia_context *ctx) {
    gli_cuda *cuda = gli_cuda_of(ctx);
    GLI_TRY(gli_cuda_alloc(ctx, GLI_CUDA_ARRIVALS * sizeof(unsigned), "counters of tiles", &cuda->arrivals));
    GLI_CUDA_TRY(ctx, cudaMemsetAsync(cuda->arrivals.data, 0, cuda->arrivals.bytes, cuda->stream));
    return GLIA_OK;
}

static glia_status open_all(glia_context *ctx, int index) {
    gli_cuda *cuda = gli_cuda_of(ctx);
    cuda->index    = index;
    cuda->life     = gli_cuda_revive();
    GLI_TRY(read_fail(ctx));
    GLI_TRY(read_chunk(ctx));
    GLI_TRY(check_settings(ctx));
    GLI_CUDA_TRY(ctx, cudaSetDevice(index));
    GLI_CUDA_TRY(ctx, cudaGetDeviceProperties(&cuda->properties, index));
    GLI_TRY(choose_code(ctx));
    GLI_CUDA_TRY(ctx, cudaStreamCreateWithFlags(&cuda->stream, cudaStreamNonBlocking));
    GLI_TRY(open_staging(ctx));
    GLI_TRY(open_arrivals(ctx));
    return gli_cuda_indices_open(ctx);
}

/* Errors are ignored: a lost device fails every call, and has nothing left to free. */
static void device_close(glia_context *ctx) {
    gli_cuda *cuda = gli_cuda_of(ctx);
    cudaSetDevice(cuda->index);
    if (cuda->stream) cudaStreamSynchronize(cuda->stream);
    gli_cuda_feed_close(&cuda->feed);
    gli_cuda_libraries_close(ctx);
    gli_cuda_timer_close(cuda);
    gli_cuda_release(ctx, &cuda->index_memory);
    gli_cuda_release(ctx, &cuda->arrivals);
    gli_cuda_pool_close(ctx);
    if (cuda->index_notes) cudaFreeHost(cuda->index_notes);
    for (int half = 0; half < GLI_CUDA_STAGING_HALVES; ++half) {
        if (cuda->staged[half]) cudaEventDestroy(cuda->staged[half]);
        if (cuda->staging[half]) cudaFreeHost(cuda->staging[half]);
    }
    if (cuda->stream) cudaStreamDestroy(cuda->stream);
    cudaGetLastError();
    gli_log(ctx, GLI_LOG_DISPATCH, "%s: closed after %lld calls", ctx->device_name, (long long)cuda->calls);
    gli_free(ctx, cuda, 1, sizeof *cuda);
    ctx->device_state = NULL;
}

static glia_status device_open(glia_context *ctx, int index) {
    GLI_TRY(gli_new(ctx, 1, sizeof(gli_cuda), "a CUDA device", &ctx->device_state));
    const glia_status status = open_all(ctx, index);
    if (status != GLIA_OK) device_close(ctx);
    return status;
}

/* The current device is a property of the thread, and the caller's own code may have changed it. */
static glia_status enter(glia_context *ctx) {
    GLI_TRY(gli_cuda_usable(ctx));
    GLI_CUDA_TRY(ctx, cudaSetDevice(gli_cuda_of(ctx)->index));
    return GLIA_OK;
}

static void *stream(const glia_context *ctx) { return gli_cuda_of(ctx)->stream; }

static glia_status memory(glia_context *ctx, size_t *available, size_t *total) {
    GLI_TRY(gli_cuda_usable(ctx));
    GLI_CUDA_TRY(ctx, cudaMemGetInfo(available, total));
    return GLIA_OK;
}

/* A kernel that follows a pointer of the host takes the whole device with it. */
static glia_status check_memory(glia_context *ctx, const void *data) {
    struct cudaPointerAttributes found;
    GLI_CUDA_TRY(ctx, cudaPointerGetAttributes(&found, data));
    GLI_REQUIRE(ctx, found.type == cudaMemoryTypeDevice || found.type == cudaMemoryTypeManaged, GLIA_INVALID_ARGUMENT,
                "glia_tensor_wrap: %p is memory of the host, the context is on %s: create a tensor and write to it",
                data, ctx->device_name);
    GLI_REQUIRE(ctx, found.type == cudaMemoryTypeManaged || found.device == gli_cuda_of(ctx)->index,
                GLIA_DEVICE_MISMATCH, "glia_tensor_wrap: %p is memory of GPU %d, the context is on %s", data,
                found.device, ctx->device_name);
    return GLIA_OK;
}

static int gpu(const glia_context *ctx) { return gli_cuda_is_real() ? gli_cuda_of(ctx)->index : -1; }

static const gli_device device = {
    .name           = GLIA_CUDA_KIND,
    .providers      = gli_cuda_providers,
    .alloc          = gli_cuda_alloc,
    .release        = gli_cuda_release,
    .upload         = gli_cuda_upload,
    .download       = gli_cuda_download,
    .copy           = gli_cuda_move,
    .fill           = gli_cuda_fill,
    .feed_begin     = gli_cuda_feed_begin,
    .feed_end       = gli_cuda_feed_end,
    .feed_taken     = gli_cuda_feed_taken,
    .synchronize    = gli_cuda_synchronize,
    .alignment      = GLI_CUDA_ALIGNMENT,
    .io_alignment   = GLI_CUDA_ACCESS,
    .image_formats  = gli_cuda_image_formats,
    .count          = count,
    .describe       = describe,
    .part           = gli_cuda_part,
    .open           = device_open,
    .enter          = enter,
    .close          = device_close,
    .stream         = stream,
    .memory         = memory,
    .check_memory   = check_memory,
    .gpu            = gpu,
    .time_begin     = gli_cuda_time_begin,
    .time_end       = gli_cuda_time_end,
    .marks_create   = gli_cuda_marks_create,
    .marks_destroy  = gli_cuda_marks_destroy,
    .mark           = gli_cuda_mark,
    .between_marks  = gli_cuda_between_marks,
    .range_begin    = gli_cuda_range_begin,
    .range_end      = gli_cuda_range_end,
    .roof           = gli_cuda_roof,
    .record_begin   = gli_cuda_record_begin,
    .record_end     = gli_cuda_record_end,
    .replay         = gli_cuda_replay,
    .recording_free = gli_cuda_recording_free,
};

__attribute__((visibility("default"))) extern const gli_device_library gli_device_export;
const gli_device_library gli_device_export = {
    .version       = {GLIA_VERSION_MAJOR, GLIA_VERSION_MINOR, GLIA_VERSION_PATCH},
    .context_bytes = sizeof(glia_context),
    .device_bytes  = sizeof(gli_device),
    .device        = &device,
};
