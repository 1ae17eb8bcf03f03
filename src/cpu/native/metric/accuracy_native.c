/* By class, in rows. Each chunk of whole items has its own counts, which are added in order. */
#include "core/parallel.h"
#include "core/provider.h"
#include "cpu/index_range.h"
#include "ops/metric/accuracy_geom.h"

enum { CHUNK = 1 << 15 }; /* scores: less is not worth a thread */

static int64_t items_per_chunk(const gli_accuracy_geom *g) { return CHUNK / g->classes + 1; }

typedef struct partial {
    int64_t correct, items;
} partial;

typedef struct job {
    const gli_accuracy_geom *g;
    const glia_tensor *prediction, *target;
    partial *partial;
} job;

/* Whether fewer than k classes rank before this one. A NaN fails every comparison, so it ranks before. */
static bool is_correct(const gli_accuracy_geom *g, const float *scores, int64_t class) {
    const float own = scores[class];
    int before      = 0;
    for (int c = 0; c < class; ++c) before += !(scores[c] < own);
    for (int c = (int)class; c < g->classes; ++c) before += !(scores[c] <= own);
    return before < g->k && own == own;
}

static void count(void *arg, int64_t begin, int64_t end) {
    const job *j = arg;
    partial sum  = {0};
    for (int64_t i = begin; i < end; ++i) {
        const int64_t class = gli_index_load(j->target, i);
        if (j->g->ignore && class == j->g->ignore_index) continue;
        sum.correct += is_correct(j->g, (const float *)j->prediction->data + i * j->prediction->stride[0], class);
        ++sum.items;
    }
    j->partial[begin / items_per_chunk(j->g)] = sum;
}

static const char *decline(const gli_call *call) {
    const gli_accuracy_geom *g = call->geom;
    const glia_tensor *x       = call->in[GLI_ACCURACY_PREDICTION];
    if (g->binary || g->dense) return "it takes classes only";
    if (x->ndim != 2 || (x->dim[1] > 1 && x->stride[1] != 1)) return "the predictions are not rows without gaps";
    return NULL;
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_accuracy_geom *g = call->geom;
    out->workspace             = ((size_t)(g->n / items_per_chunk(g)) + 1) * sizeof(partial);
    return GLIA_OK;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    const gli_accuracy_geom *g    = call->geom;
    const gli_index_range classes = {.high = g->classes, .ignore = g->ignore, .ignored = g->ignore_index};
    GLI_TRY(gli_index_check(call, GLI_ACCURACY_TARGET, classes));
    const job j = {g, call->in[GLI_ACCURACY_PREDICTION], call->in[GLI_ACCURACY_TARGET], workspace};
    gli_parallel(call->ctx, g->n, items_per_chunk(g), count, (void *)&j);
    partial sum = {0};
    for (int64_t i = 0; i * items_per_chunk(g) < g->n; ++i) {
        sum.correct += j.partial[i].correct;
        sum.items += j.partial[i].items;
    }
    const glia_tensor *counts = call->in[GLI_ACCURACY_COUNTS], *out = call->out[0];
    const double *from = counts->data;
    double *to         = out->data;
    to[0]              = from[0] + (double)sum.correct;
    to[out->stride[0]] = from[counts->stride[0]] + (double)sum.items;
    return GLIA_OK;
}

const gli_provider gli_accuracy_native = {.name    = "cpu.native",
                                          .accepts = {GLI_TAKES_F32, GLI_ANY_FORMAT},
                                          .decline = decline,
                                          .prepare = prepare,
                                          .run     = run};
