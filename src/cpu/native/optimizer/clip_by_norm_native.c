/* The squares are added in double, where no f32 overflows: in lanes that the compiler can make vectors of, then over
 * the lanes, then over pieces of FLAT_GRAIN elements, always in the same order. */
#include <math.h>

#include "core/parallel.h"
#include "cpu/native/flat.h"
#include "ops/optimizer/clip_by_norm_geom.h"

enum { LANES = 8 };

typedef struct job {
    const float *g;
    float *y;
    double *pieces;
    float scale;
} job;

static void add_squares(void *arg, int64_t begin, int64_t end) {
    const job *j       = arg;
    const float *g     = j->g;
    double lane[LANES] = {0}, sum = 0;
    int64_t i = begin;
    for (; i + LANES <= end; i += LANES)
        for (int k = 0; k < LANES; ++k) lane[k] += (double)g[i + k] * g[i + k];
    for (; i < end; ++i) sum += (double)g[i] * g[i];
    for (int k = 0; k < LANES; ++k) sum += lane[k];
    j->pieces[begin / FLAT_GRAIN] = sum;
}

static void multiply(void *arg, int64_t begin, int64_t end) {
    const job j = *(const job *)arg;
#pragma GCC ivdep
    for (int64_t i = begin; i < end; ++i) j.y[i] = j.g[i] * j.scale;
}

static glia_status prepare(const glia_call *call, glia_prepared *out) {
    const glia_clip_by_norm_geom *g = call->geom;
    out->workspace                  = ((size_t)g->count / FLAT_GRAIN + 1) * sizeof(double);
    return GLIA_OK;
}

static glia_status run(const glia_call *call, const glia_prepared *prepared, void *workspace) {
    (void)prepared;
    const glia_clip_by_norm_geom *g = call->geom;
    job j = {.g = glia_flat_in(call, CLIP_BY_NORM_G), .y = glia_flat_out(call, CLIP_BY_NORM_Y), .pieces = workspace};
    double sum = 0;
    glia_parallel(call->ctx, g->count, FLAT_GRAIN, add_squares, &j);
    for (int64_t i = 0; i * FLAT_GRAIN < g->count; ++i) sum += j.pieces[i];
    const double norm = sqrt(sum), scale = g->max_norm / (norm + CLIP_BY_NORM_EPSILON);
    j.scale = (float)(scale > 1 ? 1 : scale);
    if (j.scale != 1 || j.y != j.g) glia_parallel(call->ctx, g->count, FLAT_GRAIN, multiply, &j);
    if (call->out[CLIP_BY_NORM_NORM]) *glia_flat_out(call, CLIP_BY_NORM_NORM) = (float)norm;
    return GLIA_OK;
}

const glia_provider glia_clip_by_norm_native = {
    .name = "cpu.native", .decline = glia_flat_decline, .prepare = prepare, .run = run};
