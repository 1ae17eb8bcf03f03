#include <math.h>

#include "core/parallel.h"
#include "core/provider.h"
#include "cpu/native/flat.h"
#include "cpu/native/optimizer/update.h"
#include "ops/optimizer/adagrad_geom.h"

enum { SUM, HAS_SUM = 1 << SUM };

typedef struct job {
    gli_update update;
    float rate, epsilon;
} job;

GLI_INLINE void step(const void *numbers, unsigned states, gli_update_element *e) {
    const job *j = numbers;
    (void)states;
    e->state[SUM] += e->grad * e->grad;
    e->param -= j->rate * (e->grad / (sqrtf(e->state[SUM]) + j->epsilon));
}

GLI_CLONES static void update_adagrad(void *arg, int64_t begin, int64_t end) {
    const job j = *(const job *)arg;
    gli_update_elements(&j.update, begin, end, HAS_SUM, step, &j);
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    if (gli_update_skipped(call)) return GLIA_OK;
    const gli_adagrad_geom *g = call->geom;
    job j                     = {.rate                = *gli_in_floats(call, GLI_ADAGRAD_RATE),
                                 .epsilon             = (float)g->epsilon,
                                 .update.l1           = (float)g->l1,
                                 .update.weight_decay = (float)g->weight_decay,
                                 .update.param        = gli_in_floats(call, GLI_ADAGRAD_PARAM),
                                 .update.grad         = gli_in_floats(call, GLI_ADAGRAD_GRAD),
                                 .update.new_param    = gli_out_floats(call, GLI_ADAGRAD_NEW_PARAM),
                                 .update.new_half     = call->out[GLI_ADAGRAD_NEW_HALF]};
    j.update.state[SUM]       = gli_in_floats(call, GLI_ADAGRAD_SUM);
    j.update.new_state[SUM]   = gli_out_floats(call, GLI_ADAGRAD_NEW_SUM);
    gli_parallel(call->ctx, g->count, GLI_FLAT_GRAIN, update_adagrad, &j);
    return GLIA_OK;
}

const gli_provider gli_adagrad_native = {.name = "cpu.native", .accepts = GLI_ACCEPTS_FLAT, .run = run};
