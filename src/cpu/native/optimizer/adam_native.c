#include <math.h>

#include "core/parallel.h"
#include "core/provider.h"
#include "cpu/native/flat.h"
#include "cpu/native/vectorize.h"
#include "ops/optimizer/adam_geom.h"

/* All that does not depend on the element. */
typedef struct job {
    float beta1, rest1, beta2, rest2, l1, l2, decay, step_size, root_scale, epsilon;
    const float *param, *grad, *m, *v;
    float *new_param, *new_m, *new_v;
} job;

/* An output may be its input, elementwise, which ivdep says to the compiler. */
static void step(void *arg, int64_t begin, int64_t end) {
    const job j = *(const job *)arg;
    GLI_IVDEP
    for (int64_t i = begin; i < end; ++i) {
        const float param = j.param[i], sign = (float)(param > 0) - (float)(param < 0);
        const float grad = j.grad[i] + j.l2 * param + j.l1 * sign;
        const float m    = j.beta1 * j.m[i] + j.rest1 * grad;
        const float v    = j.beta2 * j.v[i] + j.rest2 * grad * grad;
        j.new_m[i]       = m;
        j.new_v[i]       = v;
        j.new_param[i]   = param * j.decay - j.step_size * m / (sqrtf(v) * j.root_scale + j.epsilon);
    }
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_adam_geom *g = call->geom;
    const double rate      = *(const float *)call->in[GLI_ADAM_RATE]->data;
    const double at        = (double)*(const int64_t *)call->in[GLI_ADAM_STEP]->data;
    job j                  = {.beta1      = (float)g->beta1,
                              .rest1      = (float)(1 - g->beta1),
                              .beta2      = (float)g->beta2,
                              .rest2      = (float)(1 - g->beta2),
                              .l1         = (float)g->l1,
                              .l2         = (float)(g->decoupled ? 0 : g->l2),
                              .decay      = (float)(g->decoupled ? 1 - rate * g->l2 : 1),
                              .step_size  = (float)(rate / (1 - pow(g->beta1, at))),
                              .root_scale = (float)(1 / sqrt(1 - pow(g->beta2, at))),
                              .epsilon    = (float)g->epsilon,
                              .param      = gli_flat_in(call, GLI_ADAM_PARAM),
                              .grad       = gli_flat_in(call, GLI_ADAM_GRAD),
                              .m          = gli_flat_in(call, GLI_ADAM_M),
                              .v          = gli_flat_in(call, GLI_ADAM_V),
                              .new_param  = gli_flat_out(call, GLI_ADAM_NEW_PARAM),
                              .new_m      = gli_flat_out(call, GLI_ADAM_NEW_M),
                              .new_v      = gli_flat_out(call, GLI_ADAM_NEW_V)};
    gli_parallel(call->ctx, g->count, GLI_FLAT_GRAIN, step, &j);
    return GLIA_OK;
}

const gli_provider gli_adam_native = {.name = "cpu.native", .accepts = GLI_ACCEPTS_FLAT, .run = run};
