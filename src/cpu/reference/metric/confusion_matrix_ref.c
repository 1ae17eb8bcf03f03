#include "ops/metric/confusion_matrix_geom.h"

#include <math.h>

#include "core/dtype.h"
#include "core/provider.h"
#include "cpu/index_range.h"
#include "cpu/element_index.h"

static double score(const glia_tensor *prediction, int64_t element) {
    return gli_load(prediction->dtype, prediction->data, gli_element_offset(prediction, element));
}

static int64_t predicted(const glia_tensor *prediction, int64_t item, int64_t classes) {
    int64_t best = 0;
    for (int64_t c = 0; c < classes; ++c) {
        const double s = score(prediction, item * classes + c), max = score(prediction, item * classes + best);
        if (s > max || (isnan(s) && !isnan(max))) best = c;
    }
    return best;
}

/* The counts stay whole numbers of 64 bits. */
static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_confusion_matrix_geom *g = call->geom;
    const glia_tensor *target          = call->in[GLI_CONFUSION_MATRIX_TARGET];
    const glia_tensor *from = call->in[GLI_CONFUSION_MATRIX_MATRIX], *to = call->out[0];
    GLI_TRY(gli_index_check(call, GLI_CONFUSION_MATRIX_TARGET,
                            (gli_index_range){.high = g->classes, .ignore = g->ignore, .ignored = g->ignore_index}));
    for (int64_t i = 0; i < (int64_t)g->classes * g->classes; ++i)
        ((int64_t *)to->data)[gli_element_offset(to, i)] = ((const int64_t *)from->data)[gli_element_offset(from, i)];
    for (int64_t i = 0; i < g->n; ++i) {
        const int64_t class = gli_index_load(target, i);
        if (g->ignore && class == g->ignore_index) continue;
        const int64_t column = predicted(call->in[GLI_CONFUSION_MATRIX_PREDICTION], i, g->classes);
        int64_t *counted     = (int64_t *)to->data + gli_element_offset(to, class * g->classes + column);
        *counted             = (int64_t)((uint64_t)*counted + 1);
    }
    return GLIA_OK;
}

const gli_provider gli_confusion_matrix_ref = {.name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .run = run};
