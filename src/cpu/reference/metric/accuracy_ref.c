#include "ops/metric/accuracy_geom.h"

#include <math.h>

#include "core/provider.h"
#include "cpu/index_range.h"
#include "cpu/reference/ref.h"

/* Whether class a ranks before class b; the scores have the stride `inner`. */
static bool ranks_before(const double *scores, int64_t inner, int64_t a, int64_t b) {
    const double x = scores[a * inner], y = scores[b * inner];
    if (isnan(x)) return true;
    return x > y || (x == y && a < b);
}

static int64_t argmax(const double *scores, int64_t inner, int64_t classes) {
    int64_t best = 0;
    for (int64_t c = 1; c < classes; ++c)
        if (scores[c * inner] > scores[best * inner]) best = c;
    return best;
}

static bool right_class(const gli_accuracy_geom *g, const double *scores, int64_t class) {
    int64_t before = 0;
    if (isnan(scores[class * g->inner])) return false;
    for (int64_t c = 0; c < g->classes; ++c) before += ranks_before(scores, g->inner, c, class);
    return before < g->k;
}

static bool right_binary(const gli_accuracy_geom *g, double score, double target) {
    return !isnan(score) && (score > g->threshold) == (target > 0.5);
}

static void accuracy(const void *geom, const double *const *in, double *const *out) {
    const gli_accuracy_geom *g = geom;
    const double *target       = in[GLI_ACCURACY_TARGET];
    double right = 0, items = 0;
    for (int64_t i = 0; i < (int64_t)g->n * g->inner; ++i) {
        const int64_t first  = i / g->inner * g->classes * g->inner + i % g->inner;
        const double *scores = in[GLI_ACCURACY_PREDICTION] + first;
        if (g->ignore && target[i] == (double)g->ignore_index) continue;
        items += 1;
        if (g->binary)
            right += right_binary(g, scores[0], target[i]);
        else
            right +=
                right_class(g, scores, g->dense ? argmax(target + first, g->inner, g->classes) : (int64_t)target[i]);
    }
    out[0][0] = in[GLI_ACCURACY_COUNTS][0] + right;
    out[0][1] = in[GLI_ACCURACY_COUNTS][1] + items;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    const gli_accuracy_geom *g    = call->geom;
    const gli_index_range classes = {.high = g->classes, .ignore = g->ignore, .ignored = g->ignore_index};
    if (!g->binary && !g->dense) GLI_TRY(gli_index_check(call, GLI_ACCURACY_TARGET, classes));
    return gli_ref_run(call, workspace, accuracy);
}

const gli_provider gli_accuracy_ref = {
    .name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .prepare = gli_ref_prepare, .run = run};
