#include "ops/optimizer/adagrad_geom.h"

#include <math.h>

#include "core/parallel.h"
#include "core/provider.h"
#include "cpu/native/flat.h"
#include "cpu/native/vectorize.h"

typedef struct job {
    float rate, epsilon, l1, l2;
    const float *param, *grad, *sum;
    float *new_param, *new_sum;
} job;

static void step(void *arg, int64_t begin, int64_t end) {
    const job j = *(const job *)arg;
    GLI_IVDEP
    for (int64_t i = begin; i < end; ++i) {
        const float param = j.param[i], sign = (float)(param > 0) - (float)(param < 0);
        const float grad = j.grad[i] + j.l2 * param + j.l1 * sign;
        const float sum  = j.sum[i] + grad * grad;
        j.new_sum[i]     = sum;
        j.new_param[i]   = param - j.rate * grad / (sqrtf(sum) + j.epsilon);
    }
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_adagrad_geom *g = call->geom;
    job j                     = {.rate      = *(const float *)call->in[GLI_ADAGRAD_RATE]->data,
                                 .epsilon   = (float)g->epsilon,
                                 .l1        = (float)g->l1,
                                 .l2        = (float)g->l2,
                                 .param     = gli_flat_in(call, GLI_ADAGRAD_PARAM),
                                 .grad      = gli_flat_in(call, GLI_ADAGRAD_GRAD),
                                 .sum       = gli_flat_in(call, GLI_ADAGRAD_SUM),
                                 .new_param = gli_flat_out(call, GLI_ADAGRAD_NEW_PARAM),
                                 .new_sum   = gli_flat_out(call, GLI_ADAGRAD_NEW_SUM)};
    gli_parallel(call->ctx, g->count, GLI_FLAT_GRAIN, step, &j);
    return GLIA_OK;
}

const gli_provider gli_adagrad_native = {.name = "cpu.native", .accepts = GLI_ACCEPTS_FLAT, .run = run};
