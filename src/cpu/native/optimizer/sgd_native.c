#include "core/parallel.h"
#include "core/provider.h"
#include "cpu/native/flat.h"
#include "cpu/native/optimizer/update.h"
#include "ops/optimizer/sgd_geom.h"

enum { VELOCITY, HAS_VELOCITY = 1 << VELOCITY };

typedef struct job {
    gli_update update;
    float rate, momentum, one_minus_dampening;
    bool nesterov;
} job;

GLI_INLINE void step(const void *numbers, unsigned states, gli_update_element *e) {
    const job *j = numbers;
    if (states & HAS_VELOCITY) {
        const float velocity = j->momentum * e->state[VELOCITY] + j->one_minus_dampening * e->grad;
        e->state[VELOCITY]   = velocity;
        e->param -= j->rate * (j->nesterov ? e->grad + j->momentum * velocity : velocity);
    } else {
        e->param -= j->rate * e->grad;
    }
}

GLI_CLONES static void update_sgd(void *arg, int64_t begin, int64_t end) {
    const job j = *(const job *)arg;
    gli_update_elements(&j.update, begin, end, 0, step, &j);
}

GLI_CLONES static void update_sgd_velocity(void *arg, int64_t begin, int64_t end) {
    const job j = *(const job *)arg;
    gli_update_elements(&j.update, begin, end, HAS_VELOCITY, step, &j);
}

static const char *decline(const gli_call *call) {
    const bool in = call->n_in > GLI_SGD_VELOCITY && call->in[GLI_SGD_VELOCITY], out = call->out[GLI_SGD_NEW_VELOCITY];
    if (in != out) return "velocity and new_velocity are not both given";
    return NULL;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    if (gli_update_skipped(call)) return GLIA_OK;
    const gli_sgd_geom *g        = call->geom;
    const float *velocity        = gli_in_floats(call, GLI_SGD_VELOCITY);
    job j                        = {.rate                = *gli_in_floats(call, GLI_SGD_RATE),
                                    .momentum            = (float)g->momentum,
                                    .one_minus_dampening = (float)(1 - g->dampening),
                                    .nesterov            = g->nesterov,
                                    .update.l1           = (float)g->l1,
                                    .update.weight_decay = (float)g->weight_decay,
                                    .update.param        = gli_in_floats(call, GLI_SGD_PARAM),
                                    .update.grad         = gli_in_floats(call, GLI_SGD_GRAD),
                                    .update.new_param    = gli_out_floats(call, GLI_SGD_NEW_PARAM),
                                    .update.new_half     = call->out[GLI_SGD_NEW_HALF]};
    j.update.state[VELOCITY]     = velocity;
    j.update.new_state[VELOCITY] = gli_out_floats(call, GLI_SGD_NEW_VELOCITY);
    gli_parallel(call->ctx, g->count, GLI_FLAT_GRAIN, velocity ? update_sgd_velocity : update_sgd, &j);
    return GLIA_OK;
}

const gli_provider gli_sgd_native = {.name = "cpu.native", .accepts = GLI_ACCEPTS_FLAT, .decline = decline, .run = run};
