/* Philox on many counters at a time, and the mask applied while the numbers are in the cache. */
#include "core/parallel.h"
#include "core/provider.h"
#include "core/size.h"
#include "cpu/native/philox_block.h"
#include "cpu/native/vector_math.h"
#include "ops/random/dropout_geom.h"

enum { GRAIN = 64 * GLI_PHILOX_NUMBERS, AHEAD = 2 * GLI_PHILOX_NUMBERS, LINE = 16 };

typedef struct job {
    const gli_dropout_geom *g;
    gli_random use;
    const float *x;
    float *y;
} job;

GLI_CLONES static void dropout_row(const uint32_t *restrict number, uint32_t threshold, float scale, int64_t count,
                                   const float *x, float *y) {
    GLI_IVDEP
    for (int64_t i = 0; i < count; ++i) {
        const float kept = x[i] * scale;
        y[i]             = number[i] >= threshold ? kept : 0;
    }
}

/* Fetches memory while the numbers are drawn: between the short bursts of reads the hardware's own prefetching stops.
 */
static void prefetch(const float *x, const float *y, int64_t count) {
    for (int64_t i = 0; i < count; i += LINE) {
        __builtin_prefetch(x + i, 0);
        __builtin_prefetch(y + i, 1);
    }
}

static void run_chunk(void *arg, int64_t begin, int64_t end) {
    const job *j = arg;
    uint32_t number[GLI_PHILOX_NUMBERS];
    for (int64_t i = begin; i < end; i += GLI_PHILOX_NUMBERS) {
        const int64_t next = i + AHEAD;
        if (next < end) prefetch(j->x + next, j->y + next, gli_min_i64(GLI_PHILOX_NUMBERS, end - next));
        gli_philox_fill(j->use, (uint32_t)(i / 4), number);
        dropout_row(number, (uint32_t)j->g->threshold, (float)j->g->scale, gli_min_i64(GLI_PHILOX_NUMBERS, end - i),
                    j->x + i, j->y + i);
    }
}

static const char *decline(const gli_call *call) {
    return ((const gli_dropout_geom *)call->geom)->threshold > UINT32_MAX ? "everything is dropped" : NULL;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_dropout_geom *g = call->geom;
    const glia_tensor *step   = call->n_in > GLI_DROPOUT_STEP ? call->in[GLI_DROPOUT_STEP] : NULL;
    job j                     = {.g = g, .x = call->in[GLI_DROPOUT_X]->data, .y = call->out[0]->data};
    j.use = (gli_random){.seed = g->seed, .stream = g->stream, .step = step ? (uint32_t)*(int64_t *)step->data : 0};
    gli_parallel(call->ctx, g->count, GRAIN, run_chunk, &j);
    return GLIA_OK;
}

const gli_provider gli_dropout_native = {
    .name = "cpu.native", .accepts = {GLI_TAKES_F32, GLI_ROW_MAJOR}, .decline = decline, .run = run};
