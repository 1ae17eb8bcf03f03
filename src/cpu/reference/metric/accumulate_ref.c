#include "ops/metric/accumulate_geom.h"

#include "core/provider.h"
#include "cpu/reference/data/increment_ref.h"
#include "cpu/reference/ref.h"

static double sum_of(const double *x, int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) sum += x[i];
    return sum;
}

static void accumulate(const void *geom, const double *const *in, double *const *out) {
    const gli_accumulate_geom *g = geom;
    const double *sums           = in[GLI_ACCUMULATE_SUMS];
    const double values          = sum_of(in[GLI_ACCUMULATE_VALUE], g->values);
    const double weights         = sum_of(in[GLI_ACCUMULATE_WEIGHT], g->weights);
    out[0][0]                    = sums[0] + g->factor * values;
    out[0][1]                    = sums[1] + (g->weights < 0 ? g->weight : weights);
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    const gli_accumulate_geom *g = call->geom;
    gli_call sums                = *call;
    if (sums.n_in > GLI_ACCUMULATE_COUNTERS) sums.n_in = GLI_ACCUMULATE_COUNTERS;
    sums.out[GLI_ACCUMULATE_NEW_COUNTERS] = NULL;
    GLI_TRY(gli_ref_run(&sums, workspace, accumulate));
    if (g->counters > 0 && call->out[GLI_ACCUMULATE_NEW_COUNTERS])
        gli_ref_increment(g->by, g->counters, call->in[GLI_ACCUMULATE_COUNTERS],
                          call->out[GLI_ACCUMULATE_NEW_COUNTERS]);
    return GLIA_OK;
}

const gli_provider gli_accumulate_ref = {
    .name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .prepare = gli_ref_prepare, .run = run};
