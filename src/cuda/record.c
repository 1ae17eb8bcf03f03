/* Work recorded once as a CUDA graph and replayed with one call. */
#include "cuda/cuda.h"

typedef struct recording {
    cudaGraph_t graph;
    cudaGraphExec_t exec;
} recording;

glia_status glia_cuda_record_begin(glia_context *ctx) {
    glia_cuda *cuda = glia_cuda_of(ctx);
    GLIA_TRY(glia_cuda_usable(ctx));
    GLIA_CUDA_TRY(ctx, cudaStreamBeginCapture(cuda->stream, cudaStreamCaptureModeThreadLocal));
    cuda->recording = true;
    return GLIA_OK;
}

static glia_status instantiate(glia_context *ctx, recording *r) {
    GLIA_CUDA_TRY(ctx, cudaGraphInstantiate(&r->exec, r->graph, 0));
    return GLIA_OK;
}

void glia_cuda_recording_free(glia_context *ctx, void *what) {
    recording *r = what;
    if (!r) return;
    if (r->exec) cudaGraphExecDestroy(r->exec);
    if (r->graph) cudaGraphDestroy(r->graph);
    glia_free(ctx, r, 1, sizeof *r);
}

static glia_status end_capture(glia_context *ctx, cudaGraph_t *graph) {
    GLIA_CUDA_TRY(ctx, cudaStreamEndCapture(glia_cuda_of(ctx)->stream, graph));
    return GLIA_OK;
}

/* Whatever went wrong in between, the stream leaves its capture here. */
glia_status glia_cuda_record_end(glia_context *ctx, void **out) {
    glia_cuda *cuda    = glia_cuda_of(ctx);
    void *memory       = NULL;
    recording made     = {0};
    cuda->recording    = false;
    glia_status status = end_capture(ctx, &made.graph);
    if (status == GLIA_OK) status = instantiate(ctx, &made);
    if (status == GLIA_OK) status = glia_new(ctx, 1, sizeof made, "a recorded plan", &memory);
    if (status != GLIA_OK) {
        if (made.exec) cudaGraphExecDestroy(made.exec);
        if (made.graph) cudaGraphDestroy(made.graph);
        return status == GLIA_DEVICE_ERROR ? GLIA_UNSUPPORTED : status;
    }
    *(recording *)memory = made;
    *out                 = memory;
    return GLIA_OK;
}

glia_status glia_cuda_replay(glia_context *ctx, void *what) {
    const recording *r = what;
    GLIA_TRY(glia_cuda_usable(ctx));
    GLIA_CUDA_TRY(ctx, cudaGraphLaunch(r->exec, glia_cuda_of(ctx)->stream));
    return GLIA_OK;
}
