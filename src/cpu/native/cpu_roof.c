#include "cpu/cpu_roof.h"

#include <math.h>
#include <string.h>

#include "core/clock.h"
#include "core/parallel.h"
#include "cpu/native/linear/gemm_kernel.h"

enum {
    DEPTH             = 128, /* panel, row and sums take 17.5 KiB */
    TILES             = 256, /* of a chunk */
    CHUNKS_PER_THREAD = 16,
    COPY_BYTES        = 32 << 20,
    COPY_GRAIN        = 1 << 20,
    RUNS              = 7
};

static void multiply(void *arg, int64_t begin, int64_t end) {
    const gli_gemm_kernel *kernel = arg;
    float panel[DEPTH * GLI_GEMM_MAX_COLUMNS], row[DEPTH], sums[GLI_GEMM_MAX_ROWS * GLI_GEMM_MAX_COLUMNS];
    gli_gemm_segment segment = {.count = DEPTH};
    for (int i = 0; i < DEPTH * GLI_GEMM_MAX_COLUMNS; ++i) panel[i] = 0.5f;
    for (int i = 0; i < DEPTH; ++i) row[i] = 0.5f;
    for (int i = 0; i < GLI_GEMM_MAX_ROWS; ++i) segment.row[i] = row;
    for (int64_t t = begin * TILES; t < end * TILES; ++t)
        kernel->tile[1](&segment, 1, 1, panel, 2 * kernel->lanes, true, sums);
}

typedef struct copy_args {
    char *to;
    const char *from;
} copy_args;

static void copy(void *arg, int64_t begin, int64_t end) {
    const copy_args *a = arg;
    memcpy(a->to + begin, a->from + begin, (size_t)(end - begin));
}

/* Seconds of the fastest run. */
static double best(const glia_context *ctx, int64_t count, int64_t grain, void (*body)(void *, int64_t, int64_t),
                   void *arg) {
    double least = HUGE_VAL;
    for (int run = 0; run < RUNS; ++run) {
        const double start = gli_seconds();
        gli_parallel(ctx, count, grain, body, arg);
        least = fmin(least, gli_seconds() - start);
    }
    return least;
}

glia_status gli_cpu_roof(glia_context *ctx, double *flops, double *bytes) {
    gli_gemm_kernel kernel = *gli_gemm_kernel_here();
    void *memory;
    GLI_TRY(gli_new(ctx, 2, COPY_BYTES, "measuring the speed of memory", &memory));
    copy_args copied     = {.to = memory, .from = (char *)memory + COPY_BYTES};
    const int64_t chunks = (int64_t)CHUNKS_PER_THREAD * ctx->threads;
    const double work    = 2.0 * kernel.rows * 2 * kernel.lanes * DEPTH * TILES * (double)chunks;
    *flops               = work / best(ctx, chunks, 1, multiply, &kernel);
    *bytes               = 2.0 * COPY_BYTES / best(ctx, COPY_BYTES, COPY_GRAIN, copy, &copied);
    gli_free(ctx, memory, 2, COPY_BYTES);
    return GLIA_OK;
}
