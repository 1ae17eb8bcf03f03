/* The squares are added in double, where no f32 overflows: in lanes that the compiler can vectorize, then over
 * the lanes, then over chunks of GLI_FLAT_GRAIN elements, always in the same order. */
#include <math.h>

#include "core/parallel.h"
#include "core/provider.h"
#include "cpu/native/flat.h"
#include "cpu/native/vectorize.h"
#include "ops/optimizer/clip_by_norm_geom.h"

enum { LANES = 8 };

typedef struct job {
    const float *g;
    float *y;
    double *partial;
    float down, scale; /* the factor; down: 1 unless that is too small for a float */
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
    j->partial[begin / GLI_FLAT_GRAIN] = sum;
}

static void multiply(void *arg, int64_t begin, int64_t end) {
    const job j = *(const job *)arg;
    GLI_IVDEP
    for (int64_t i = begin; i < end; ++i) j.y[i] = j.g[i] * j.down * j.scale;
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_clip_by_norm_geom *g = call->geom;
    out->workspace                 = ((size_t)g->count / GLI_FLAT_GRAIN + 1) * sizeof(double);
    return GLIA_OK;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    const gli_clip_by_norm_geom *g = call->geom;
    job j                          = {.g       = gli_in_floats(call, GLI_CLIP_BY_NORM_G),
                                      .y       = gli_out_floats(call, GLI_CLIP_BY_NORM_Y),
                                      .partial = workspace};
    double sum                     = 0;
    gli_parallel(call->ctx, g->count, GLI_FLAT_GRAIN, add_squares, &j);
    for (int64_t i = 0; i * GLI_FLAT_GRAIN < g->count; ++i) sum += j.partial[i];
    const double norm = sqrt(sum), scale = g->max_norm / (norm + GLI_CLIP_BY_NORM_EPSILON);
    j.down  = scale < 0x1p-100 ? 0x1p-64f : 1;
    j.scale = (float)(scale > 1 ? 1 : scale / j.down);
    if (j.scale != 1 || j.y != j.g) gli_parallel(call->ctx, g->count, GLI_FLAT_GRAIN, multiply, &j);
    if (call->out[GLI_CLIP_BY_NORM_NORM]) *gli_out_floats(call, GLI_CLIP_BY_NORM_NORM) = (float)norm;
    return GLIA_OK;
}

const gli_provider gli_clip_by_norm_native = {
    .name = "cpu.native", .accepts = GLI_ACCEPTS_FLAT, .prepare = prepare, .run = run};
