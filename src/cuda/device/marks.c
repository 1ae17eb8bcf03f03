/* What profiles ask of a GPU: events in its stream, and what it can do in a second. */
#include "cuda/device/cuda_device.h"

void gli_cuda_marks_destroy(glia_context *ctx, int count, void *marks) {
    cudaEvent_t *events = marks;
    for (int i = 0; i < count; ++i)
        if (events[i]) cudaEventDestroy(events[i]);
    gli_free(ctx, events, (size_t)count, sizeof *events);
}

static glia_status create_events(glia_context *ctx, int count, cudaEvent_t *events) {
    GLI_TRY(gli_cuda_usable(ctx));
    for (int i = 0; i < count; ++i) GLI_CUDA_TRY(ctx, cudaEventCreateWithFlags(&events[i], cudaEventDefault));
    return GLIA_OK;
}

glia_status gli_cuda_marks_create(glia_context *ctx, int count, void **out) {
    void *events;
    GLI_TRY(gli_new(ctx, (size_t)count, sizeof(cudaEvent_t), "the events of a profile", &events));
    const glia_status status = create_events(ctx, count, events);
    if (status == GLIA_OK)
        *out = events;
    else
        gli_cuda_marks_destroy(ctx, count, events);
    return status;
}

glia_status gli_cuda_mark(glia_context *ctx, void *marks, int i) {
    const cudaEvent_t *events = marks;
    GLI_CUDA_TRY(ctx, cudaEventRecord(events[i], gli_cuda_of(ctx)->stream));
    return GLIA_OK;
}

glia_status gli_cuda_between_marks(glia_context *ctx, void *marks, int from, int to, double *seconds) {
    const cudaEvent_t *events = marks;
    float milliseconds        = 0;
    GLI_CUDA_TRY(ctx, cudaEventSynchronize(events[to]));
    GLI_CUDA_TRY(ctx, cudaEventElapsedTime(&milliseconds, events[from], events[to]));
    *seconds = 1e-3 * (double)milliseconds;
    return GLIA_OK;
}

/* f32 multiply-adds of a multiprocessor in a clock. Source: CUDA C++ Programming Guide, "Throughput of Native
 * Arithmetic Instructions": 64 of compute capability 7.5 and 8.0, 128 of 8.6 and later. */
static int multiply_adds(const struct cudaDeviceProp *p) { return 10 * p->major + p->minor <= 80 ? 64 : 128; }

/* From clocks and widths: kilohertz, bits, and two transfers in a clock. Tensor cores can do more. */
glia_status gli_cuda_roof(glia_context *ctx, double *flops, double *bytes) {
    const gli_cuda *cuda           = gli_cuda_of(ctx);
    const struct cudaDeviceProp *p = &cuda->properties;
    int clock, memory_clock, width;
    GLI_CUDA_TRY(ctx, cudaDeviceGetAttribute(&clock, cudaDevAttrClockRate, cuda->index));
    GLI_CUDA_TRY(ctx, cudaDeviceGetAttribute(&memory_clock, cudaDevAttrMemoryClockRate, cuda->index));
    GLI_CUDA_TRY(ctx, cudaDeviceGetAttribute(&width, cudaDevAttrGlobalMemoryBusWidth, cuda->index));
    *flops = 2.0 * multiply_adds(p) * p->multiProcessorCount * 1e3 * clock;
    *bytes = 2.0 * 1e3 * memory_clock * width / 8;
    GLI_REQUIRE(ctx, *flops > 0 && *bytes > 0, GLIA_UNSUPPORTED,
                "%s does not say its clocks: peak_flops and peak_bytes are needed", p->name);
    return GLIA_OK;
}
