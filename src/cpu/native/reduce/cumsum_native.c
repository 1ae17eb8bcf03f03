/* Running sums of f32, added in double, in blocks of neighbouring lines. */
#include "core/parallel.h"
#include "core/provider.h"
#include "core/size.h"
#include "cpu/native/call_floats.h"
#include "cpu/native/vectorize.h"
#include "ops/reduce/cumsum_geom.h"

enum { LINES = 64, GRAIN = 1 << 14 };

typedef struct work {
    const gli_cumsum_geom *g;
    const float *x;
    float *y;
    int64_t blocks; /* of lines, for each index before the axis */
} work;

/* `lines` lines from x on, whose elements are `step` apart. */
GLI_CLONES static void cumsum_lines(const float *x, float *y, int64_t length, int64_t step, int lines, bool exclusive) {
    double sum[LINES] = {0};
    for (int64_t i = 0; i < length; ++i) {
        GLI_IVDEP
        for (int k = 0; k < lines; ++k) {
            const double next = sum[k] + (double)x[i * step + k];
            y[i * step + k]   = (float)(exclusive ? sum[k] : next);
            sum[k]            = next;
        }
    }
}

static void sum_blocks(void *arg, int64_t begin, int64_t end) {
    const work *w            = arg;
    const gli_cumsum_geom *g = w->g;
    for (int64_t block = begin; block < end; ++block) {
        const int64_t first = block % w->blocks * LINES;
        const int64_t last  = g->reverse ? (int64_t)(g->length - 1) * g->inner : 0;
        const int64_t at    = block / w->blocks * g->length * g->inner + first + last;
        cumsum_lines(w->x + at, w->y + at, g->length, g->reverse ? -(int64_t)g->inner : g->inner,
                     (int)gli_min_i64(LINES, g->inner - first), g->exclusive);
    }
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    const gli_cumsum_geom *g = call->geom;
    work w                   = {.g = g, .x = gli_in_floats(call, 0), .y = gli_out_floats(call, 0)};
    (void)prepared, (void)workspace;
    w.blocks = ((int64_t)g->inner + LINES - 1) / LINES;
    gli_parallel(call->ctx, g->outer * w.blocks, gli_max_i64(1, GRAIN / (g->length * gli_min_i64(LINES, g->inner))),
                 sum_blocks, &w);
    return GLIA_OK;
}

const gli_provider gli_cumsum_native = {
    .name = "cpu.native", .accepts = {GLI_TAKES_F32, GLI_ROW_MAJOR, .flags = GLI_NOT_EMPTY}, .run = run};
