#include "cuda/library/autotune.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "core/device.h"
#include "core/dtype.h"
#include "core/size.h"
#include "kernels/elementwise/compare_launch.h"

enum {
    RUNS       = 3,     /* that are timed, after one that is not */
    PERIOD     = 65521, /* of the noise, in elements: a prime, so that rows of no usual length are alike */
    MARGIN     = 64, /* bytes, to give a copy the alignment of the tensor: as far as the key of prepared calls has it */
    DIFFERENCE = 256, /* bytes, for the flag of the comparison */
};

typedef struct tuning {
    const gli_call *call;
    gli_call trial;
    glia_tensor in[GLI_MAX_IN], out[GLI_MAX_OUT];
    gli_block memory; /* all of it */
    size_t peak;      /* the context's, before */
    char *flag, *workspace;
    char *result[GLI_MAX_OUT], *expected[GLI_MAX_OUT]; /* words from the first element on */
    size_t bytes[GLI_MAX_OUT];
    cudaEvent_t start, stop;
    const gli_cuda_candidates *candidates;
    const gli_provider *rival; /* of our own, the candidate behind the last; NULL: there is none */
    gli_prepared rival_prepared;
} tuning;

/* SIZE_MAX where there is no such number: a plan's tensors may be larger than memory can be. */
static size_t plus(size_t a, size_t b) {
    size_t sum;
    return gli_add_size(a, b, &sum) ? sum : SIZE_MAX;
}

static size_t bytes_of(const glia_tensor *tensor) {
    size_t bytes;
    if (!gli_mul_size((size_t)gli_extent(tensor), glia_dtype_size(tensor->dtype), &bytes)) return SIZE_MAX;
    return gli_align_up(plus(bytes, MARGIN), GLI_CUDA_ALIGNMENT);
}

/* A saved output is in a format of the provider's own: it is no result to compare. */
static bool is_result(const gli_call *call, int o) {
    return call->out[o] && !gli_output_is(call->op, o, GLI_OUT_SAVED);
}

static size_t bytes_needed(const gli_call *call, size_t workspace) {
    size_t bytes = plus(DIFFERENCE, gli_align_up(workspace, GLI_CUDA_ALIGNMENT));
    for (int i = 0; i < call->n_in; ++i)
        if (call->in[i]) bytes = plus(bytes, bytes_of(call->in[i]));
    for (int i = 0; i < call->op->n_outputs; ++i)
        if (call->out[i])
            bytes = plus(bytes, plus(bytes_of(call->out[i]), is_result(call, i) ? bytes_of(call->out[i]) : 0));
    return bytes;
}

static char *take(char **next, size_t bytes) {
    char *taken = *next;
    *next += bytes;
    return taken;
}

static const glia_tensor *copy_of(const glia_tensor *tensor, char *memory, glia_tensor *out) {
    *out      = *tensor;
    out->data = memory + (uintptr_t)tensor->data % MARGIN;
    return out;
}

static void lay_out(tuning *t, size_t workspace) {
    char *next   = t->memory.data;
    t->trial     = *t->call;
    t->flag      = take(&next, DIFFERENCE);
    t->workspace = take(&next, gli_align_up(workspace, GLI_CUDA_ALIGNMENT));
    for (int i = 0; i < t->call->n_in; ++i)
        if (t->call->in[i]) t->trial.in[i] = copy_of(t->call->in[i], take(&next, bytes_of(t->call->in[i])), &t->in[i]);
    for (int i = 0; i < t->call->op->n_outputs; ++i) {
        const glia_tensor *y = t->call->out[i];
        if (!y) continue;
        t->bytes[i]     = bytes_of(y);
        t->result[i]    = take(&next, t->bytes[i]);
        t->expected[i]  = is_result(t->call, i) ? take(&next, t->bytes[i]) : NULL;
        t->trial.out[i] = copy_of(y, t->result[i], &t->out[i]);
    }
}

/* Uploads one period of uniform numbers in [-1, 1) and repeats it by copies of all that is filled so far. */
static glia_status fill(glia_context *ctx, const glia_tensor *tensor, void *noise) {
    const size_t size    = glia_dtype_size(tensor->dtype);
    const size_t bytes   = (size_t)gli_extent(tensor) * size;
    const int64_t period = gli_min_i64(gli_extent(tensor), PERIOD);
    size_t done          = (size_t)period * size;
    uint32_t x           = 1;
    for (int64_t i = 0; i < period; ++i) {
        x = x * 1664525u + 1013904223u; /* Source: Numerical Recipes in C, section 7.1 */
        gli_store(tensor->dtype, noise, i, (double)(x >> 8) / (1 << 23) - 1);
    }
    GLI_TRY(gli_cuda_upload(ctx, tensor->data, noise, done));
    for (; done < bytes; done *= 2)
        GLI_CUDA_TRY(ctx, cudaMemcpyAsync((char *)tensor->data + done, tensor->data, gli_min_size(done, bytes - done),
                                          cudaMemcpyDeviceToDevice, gli_cuda_of(ctx)->stream));
    return GLIA_OK;
}

static glia_status refuse_capture(glia_context *ctx) {
    enum cudaStreamCaptureStatus status;
    GLI_CUDA_TRY(ctx, cudaStreamIsCapturing(gli_cuda_of(ctx)->stream, &status));
    GLI_REQUIRE(ctx, status == cudaStreamCaptureStatusNone, GLIA_UNSUPPORTED, "the stream is being recorded");
    return GLIA_OK;
}

static glia_status fill_inputs(tuning *t) {
    glia_context *ctx = t->call->ctx;
    gli_block noise;
    GLI_TRY(gli_block_alloc(ctx, PERIOD, sizeof(double), "noise", &noise));
    glia_status status = GLIA_OK;
    for (int i = 0; i < t->trial.n_in && status == GLIA_OK; ++i)
        if (t->trial.in[i]) status = fill(ctx, t->trial.in[i], noise.data);
    gli_block_free(ctx, &noise);
    return status;
}

/* Kernels of our own keep nothing of a call, so that there is nothing to give back. */
static bool takes(const gli_provider *provider, const gli_call *call, gli_prepared *out) {
    char why[GLI_REASON];
    *out = (gli_prepared){0};
    return !provider->release && !gli_accepts_not(&provider->accepts, call, why) &&
           !(provider->decline && provider->decline(call)) &&
           (!provider->prepare || provider->prepare(call, out) == GLIA_OK);
}

static void find_rival(tuning *t) {
    const glia_context *ctx = t->call->ctx;
    bool behind             = false;
    if (!t->candidates->provider || !ctx->nondeterministic || ctx->provider[0]) return;
    for (const gli_provider *const *it = ctx->device->providers(t->call->op); *it && !t->rival; ++it) {
        if (behind && takes(*it, t->call, &t->rival_prepared)) t->rival = *it;
        behind = behind || strcmp((*it)->name, t->candidates->provider) == 0;
    }
}

static glia_status begin_trial(tuning *t) {
    glia_context *ctx = t->call->ctx;
    GLI_TRY(refuse_capture(ctx));
    find_rival(t);
    const size_t workspace = gli_max_size(t->candidates->workspace, t->rival_prepared.workspace);
    GLI_TRY(gli_cuda_alloc(ctx, bytes_needed(t->call, workspace), "trials of a library's algorithms", &t->memory));
    lay_out(t, workspace);
    GLI_CUDA_TRY(ctx, cudaMemsetAsync(t->memory.data, 0, t->memory.bytes, gli_cuda_of(ctx)->stream));
    GLI_CUDA_TRY(ctx, cudaEventCreate(&t->start));
    GLI_CUDA_TRY(ctx, cudaEventCreate(&t->stop));
    return fill_inputs(t);
}

/* The context's peak is that of its tensors and plans. */
static void end_trial(tuning *t) {
    t->call->ctx->memory.peak = t->peak;
    if (!t->memory.data) return;
    if (t->start) cudaEventDestroy(t->start);
    if (t->stop) cudaEventDestroy(t->stop);
    gli_cuda_release(t->call->ctx, &t->memory);
    gli_cuda_pool_trim(t->call->ctx); /* what plans are then told is free must be free */
}

/* Compares the candidate's results with those of the first one, bit by bit. */
static glia_status compare(tuning *t, bool first, bool *same) {
    glia_context *ctx   = t->call->ctx;
    cudaStream_t stream = gli_cuda_of(ctx)->stream;
    int different       = 0;
    *same               = true;
    GLI_CUDA_TRY(ctx, cudaMemsetAsync(t->flag, 0, sizeof different, stream));
    for (int i = 0; i < t->call->op->n_outputs; ++i) {
        if (!t->expected[i]) continue;
        if (first)
            GLI_CUDA_TRY(ctx,
                         cudaMemcpyAsync(t->expected[i], t->result[i], t->bytes[i], cudaMemcpyDeviceToDevice, stream));
        else
            GLI_CUDA_TRY(ctx, gli_kernel_compare((const unsigned *)(const void *)t->result[i],
                                                 (const unsigned *)(const void *)t->expected[i],
                                                 t->bytes[i] / sizeof(unsigned), (int *)(void *)t->flag, stream));
    }
    GLI_CUDA_TRY(ctx, cudaMemcpyAsync(&different, t->flag, sizeof different, cudaMemcpyDeviceToHost, stream));
    GLI_CUDA_TRY(ctx, cudaStreamSynchronize(stream));
    *same = different == 0;
    return GLIA_OK;
}

static glia_status run_candidate(tuning *t, int candidate) {
    if (candidate == t->candidates->count) return t->rival->run(&t->trial, &t->rival_prepared, t->workspace);
    return t->candidates->run(&t->trial, t->candidates->state, candidate, t->workspace);
}

static glia_status measure(tuning *t, int candidate, float *milliseconds) {
    glia_context *ctx   = t->call->ctx;
    cudaStream_t stream = gli_cuda_of(ctx)->stream;
    GLI_CUDA_TRY(ctx, cudaEventRecord(t->start, stream));
    for (int i = 0; i < RUNS; ++i) GLI_TRY(run_candidate(t, candidate));
    GLI_CUDA_TRY(ctx, cudaEventRecord(t->stop, stream));
    GLI_CUDA_TRY(ctx, cudaEventSynchronize(t->stop));
    GLI_CUDA_TRY(ctx, cudaEventElapsedTime(milliseconds, t->start, t->stop));
    return GLIA_OK;
}

/* *milliseconds: FLT_MAX for a candidate whose bits differ where they must not. */
static glia_status try_candidate(tuning *t, int candidate, bool first, float *milliseconds) {
    bool same;
    *milliseconds = FLT_MAX;
    GLI_TRY(run_candidate(t, candidate));
    GLI_TRY(compare(t, first, &same));
    return same || t->call->ctx->nondeterministic ? measure(t, candidate, milliseconds) : GLIA_OK;
}

static void log_time(const tuning *t, int candidate, float milliseconds) {
    const double us = 1e3 * (double)milliseconds / RUNS;
    if (candidate == t->candidates->count)
        gli_log(t->call->ctx, GLI_LOG_DISPATCH, "%s: %s takes %.1f us", t->call->op->name, t->rival->name, us);
    else
        gli_log(t->call->ctx, GLI_LOG_DISPATCH, "%s: algorithm %d takes %.1f us", t->call->op->name, candidate, us);
}

/* Candidates that fail are passed over; the first that works sets the bits. A rival must have something to beat. */
static glia_status find_best(tuning *t, int *best) {
    glia_status status = GLIA_UNSUPPORTED;
    float fastest      = FLT_MAX;
    bool found         = false;
    const int count    = t->candidates->count;
    for (int candidate = 0; candidate < count + (t->rival && found) && !gli_cuda_of(t->call->ctx)->lost; ++candidate) {
        float milliseconds;
        status = try_candidate(t, candidate, !found, &milliseconds);
        if (status != GLIA_OK) continue;
        if (milliseconds < FLT_MAX) log_time(t, candidate, milliseconds);
        if (!found || milliseconds < fastest) *best = candidate, fastest = milliseconds;
        found = true;
    }
    return found || status == GLIA_OUT_OF_MEMORY ? GLIA_OK : GLIA_UNSUPPORTED;
}

glia_status gli_cuda_tune(const gli_call *call, const gli_cuda_candidates *candidates, int *best) {
    glia_context *ctx = call->ctx;
    char before[sizeof ctx->message];
    *best = 0;
    memcpy(before, ctx->message, sizeof before);
    tuning t                = {.call = call, .candidates = candidates, .peak = ctx->memory.peak};
    const glia_status begun = begin_trial(&t);
    const glia_status found = begun == GLIA_OK ? find_best(&t, best) : GLIA_OK;
    end_trial(&t);
    GLI_TRY(gli_cuda_usable(ctx));
    GLI_TRY(found);
    GLI_REQUIRE(ctx, *best < candidates->count, GLIA_UNSUPPORTED, "%s is faster", t.rival->name);
    if (begun != GLIA_OK)
        gli_log(ctx, GLI_LOG_DISPATCH, "%s: not tuned: %s", call->op->name, ctx->message);
    else
        gli_log(ctx, GLI_LOG_DISPATCH, "%s: algorithm %d of %d is the fastest", call->op->name, *best,
                candidates->count);
    memcpy(ctx->message, before, sizeof before);
    return GLIA_OK;
}
