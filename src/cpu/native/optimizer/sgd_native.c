#include "core/parallel.h"
#include "core/provider.h"
#include "cpu/native/flat.h"
#include "cpu/native/vectorize.h"
#include "ops/optimizer/sgd_geom.h"

typedef struct job {
    float rate, momentum, rest, l1, l2;
    bool nesterov;
    const float *param, *grad, *velocity;
    float *new_param, *new_velocity;
} job;

static float penalised(const job *j, float param, float grad) {
    return grad + j->l2 * param + j->l1 * ((float)(param > 0) - (float)(param < 0));
}

static void plain(void *arg, int64_t begin, int64_t end) {
    const job j = *(const job *)arg;
    GLI_IVDEP
    for (int64_t i = begin; i < end; ++i) j.new_param[i] = j.param[i] - j.rate * penalised(&j, j.param[i], j.grad[i]);
}

static void with_velocity(void *arg, int64_t begin, int64_t end) {
    const job j = *(const job *)arg;
    GLI_IVDEP
    for (int64_t i = begin; i < end; ++i) {
        const float grad     = penalised(&j, j.param[i], j.grad[i]);
        const float velocity = j.momentum * j.velocity[i] + j.rest * grad;
        j.new_velocity[i]    = velocity;
        j.new_param[i]       = j.param[i] - j.rate * (j.nesterov ? grad + j.momentum * velocity : velocity);
    }
}

static const char *decline(const gli_call *call) {
    const bool in = call->n_in > GLI_SGD_VELOCITY && call->in[GLI_SGD_VELOCITY], out = call->out[GLI_SGD_NEW_VELOCITY];
    if (in != out) return "velocity and new_velocity are not both given";
    return NULL;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_sgd_geom *g = call->geom;
    job j                 = {.rate         = *(const float *)call->in[GLI_SGD_RATE]->data,
                             .momentum     = (float)g->momentum,
                             .rest         = (float)(1 - g->dampening),
                             .l1           = (float)g->l1,
                             .l2           = (float)g->l2,
                             .nesterov     = g->nesterov,
                             .param        = gli_flat_in(call, GLI_SGD_PARAM),
                             .grad         = gli_flat_in(call, GLI_SGD_GRAD),
                             .velocity     = gli_flat_in(call, GLI_SGD_VELOCITY),
                             .new_param    = gli_flat_out(call, GLI_SGD_NEW_PARAM),
                             .new_velocity = gli_flat_out(call, GLI_SGD_NEW_VELOCITY)};
    gli_parallel(call->ctx, g->count, GLI_FLAT_GRAIN, j.velocity ? with_velocity : plain, &j);
    return GLIA_OK;
}

const gli_provider gli_sgd_native = {.name = "cpu.native", .accepts = GLI_ACCEPTS_FLAT, .decline = decline, .run = run};
