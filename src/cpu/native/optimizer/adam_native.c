#include <math.h>

#include "core/parallel.h"
#include "core/provider.h"
#include "cpu/native/flat.h"
#include "cpu/native/optimizer/update.h"
#include "ops/optimizer/adam_geom.h"

enum { M, V, HAS_BOTH = 1 << M | 1 << V };

/* All that does not depend on the element. */
typedef struct job {
    gli_update update;
    float beta1, one_minus_beta1, beta2, one_minus_beta2, decay, step_size, root_scale, epsilon;
} job;

GLI_INLINE void step(const void *numbers, unsigned states, gli_update_element *e) {
    const job *j = numbers;
    (void)states;
    const float m = j->beta1 * e->state[M] + j->one_minus_beta1 * e->grad;
    const float v = j->beta2 * e->state[V] + j->one_minus_beta2 * e->grad * e->grad;
    e->state[M] = m, e->state[V] = v;
    e->param = e->param * j->decay - j->step_size * (m / (sqrtf(v) * j->root_scale + j->epsilon));
}

GLI_CLONES static void update_adam(void *arg, int64_t begin, int64_t end) {
    const job j = *(const job *)arg;
    gli_update_elements(&j.update, begin, end, HAS_BOTH, step, &j);
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    if (gli_update_skipped(call)) return GLIA_OK;
    const gli_adam_geom *g = call->geom;
    const double rate      = *gli_in_floats(call, GLI_ADAM_RATE);
    const double t         = (double)*(const int64_t *)call->in[GLI_ADAM_STEP]->data;
    job j                  = {.beta1               = (float)g->beta1,
                              .one_minus_beta1     = (float)(1 - g->beta1),
                              .beta2               = (float)g->beta2,
                              .one_minus_beta2     = (float)(1 - g->beta2),
                              .decay               = (float)(g->decoupled ? 1 - rate * g->weight_decay : 1),
                              .step_size           = (float)(rate / (1 - pow(g->beta1, t))),
                              .root_scale          = (float)(1 / sqrt(1 - pow(g->beta2, t))),
                              .epsilon             = (float)g->epsilon,
                              .update.l1           = (float)g->l1,
                              .update.weight_decay = (float)(g->decoupled ? 0 : g->weight_decay),
                              .update.param        = gli_in_floats(call, GLI_ADAM_PARAM),
                              .update.grad         = gli_in_floats(call, GLI_ADAM_GRAD),
                              .update.new_param    = gli_out_floats(call, GLI_ADAM_NEW_PARAM),
                              .update.new_half     = call->out[GLI_ADAM_NEW_HALF]};
    j.update.state[M]      = gli_in_floats(call, GLI_ADAM_M);
    j.update.state[V]      = gli_in_floats(call, GLI_ADAM_V);
    j.update.new_state[M]  = gli_out_floats(call, GLI_ADAM_NEW_M);
    j.update.new_state[V]  = gli_out_floats(call, GLI_ADAM_NEW_V);
    gli_parallel(call->ctx, g->count, GLI_FLAT_GRAIN, update_adam, &j);
    return GLIA_OK;
}

const gli_provider gli_adam_native = {.name = "cpu.native", .accepts = GLI_ACCEPTS_FLAT, .run = run};
