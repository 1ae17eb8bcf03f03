/* Work recorded once as a CUDA graph and replayed with one call. A recording is its cudaGraphExec_t. */
#include "cuda/device/cuda_device.h"

glia_status gli_cuda_record_begin(glia_context *ctx) {
    GLI_TRY(gli_cuda_usable(ctx));
    GLI_CUDA_TRY(ctx, cudaStreamBeginCapture(gli_cuda_of(ctx)->stream, cudaStreamCaptureModeThreadLocal));
    gli_cuda_of(ctx)->recording = true;
    return GLIA_OK;
}

static glia_status end_capture(glia_context *ctx, cudaGraph_t *graph) {
    GLI_CUDA_TRY(ctx, cudaStreamEndCapture(gli_cuda_of(ctx)->stream, graph));
    return GLIA_OK;
}

/* Whatever went wrong before, the stream takes work again afterwards. */
static void abandon_capture(glia_context *ctx) {
    cudaStream_t stream                    = gli_cuda_of(ctx)->stream;
    cudaGraph_t graph                      = NULL;
    enum cudaStreamCaptureStatus capturing = cudaStreamCaptureStatusNone;
    if (cudaStreamIsCapturing(stream, &capturing) == cudaSuccess && capturing != cudaStreamCaptureStatusNone)
        cudaStreamEndCapture(stream, &graph);
    if (graph) cudaGraphDestroy(graph);
    cudaGetLastError();
}

static void log_nodes(glia_context *ctx, cudaGraph_t graph) {
    size_t nodes = 0;
    if (gli_log_enabled(ctx, GLI_LOG_PLAN) && cudaGraphGetNodes(graph, NULL, &nodes) == cudaSuccess)
        gli_log(ctx, GLI_LOG_PLAN, "%s: recorded %zu nodes", ctx->device_name, nodes);
}

/* Uploaded at once, so that the first replay takes as long as any other. */
static glia_status instantiate(glia_context *ctx, cudaGraph_t graph, cudaGraphExec_t *exec) {
    GLI_CUDA_TRY(ctx, cudaGraphInstantiate(exec, graph, 0));
    GLI_CUDA_TRY(ctx, cudaGraphUpload(*exec, gli_cuda_of(ctx)->stream));
    log_nodes(ctx, graph);
    return GLIA_OK;
}

glia_status gli_cuda_record_end(glia_context *ctx, void **recording) {
    cudaGraph_t graph           = NULL;
    cudaGraphExec_t exec        = NULL;
    gli_cuda_of(ctx)->recording = false;
    glia_status status          = recording ? end_capture(ctx, &graph) : GLIA_OK;
    if (graph) {
        status = instantiate(ctx, graph, &exec);
        cudaGraphDestroy(graph);
        if (status != GLIA_OK && exec) cudaGraphExecDestroy(exec), exec = NULL;
    } else {
        abandon_capture(ctx);
    }
    if (recording) *recording = exec;
    return status;
}

glia_status gli_cuda_replay(glia_context *ctx, void *recording) {
    GLI_TRY(gli_cuda_usable(ctx));
    GLI_CUDA_TRY(ctx, cudaGraphLaunch(recording, gli_cuda_of(ctx)->stream));
    return GLIA_OK;
}

void gli_cuda_recording_free(glia_context *ctx, void *recording) {
    (void)ctx;
    cudaGraphExecDestroy(recording);
}
