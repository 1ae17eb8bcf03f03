#include "ops/optimizer/rmsprop_geom.h"

#include <math.h>

#include "core/parallel.h"
#include "core/provider.h"
#include "cpu/native/flat.h"
#include "cpu/native/vectorize.h"

typedef struct job {
    float rate, alpha, rest, epsilon, momentum, l1, l2;
    const float *param, *grad, *square, *velocity, *mean;
    float *new_param, *new_square, *new_velocity, *new_mean;
} job;

static float penalised(const job *j, int64_t i) {
    const float param = j->param[i];
    return j->grad[i] + j->l2 * param + j->l1 * ((float)(param > 0) - (float)(param < 0));
}

/* One loop for each combination of the optional state, so that each has no branch inside. */
#define STEP(name, WITH_MEAN, WITH_VELOCITY)                                             \
    static void name(void *arg, int64_t begin, int64_t end) {                            \
        const job j = *(const job *)arg;                                                 \
        GLI_IVDEP for (int64_t i = begin; i < end; ++i) {                                \
            const float grad   = penalised(&j, i);                                       \
            const float square = j.alpha * j.square[i] + j.rest * grad * grad;           \
            float variance     = square;                                                 \
            if (WITH_MEAN) {                                                             \
                const float mean = j.alpha * j.mean[i] + j.rest * grad;                  \
                j.new_mean[i]    = mean;                                                 \
                variance -= mean * mean;                                                 \
            }                                                                            \
            float moving = grad / (sqrtf(variance) + j.epsilon);                         \
            if (WITH_VELOCITY) j.new_velocity[i] = moving += j.momentum * j.velocity[i]; \
            j.new_square[i] = square;                                                    \
            j.new_param[i]  = j.param[i] - j.rate * moving;                              \
        }                                                                                \
    }
STEP(plain, 0, 0)
STEP(with_velocity, 0, 1)
STEP(with_mean, 1, 0)
STEP(with_both, 1, 1)

/* An output that is wanted without its input, or the other way round, or a mean that is not subtracted, is left to the
 * reference. */
static const char *decline(const gli_call *call) {
    const gli_rmsprop_geom *g = call->geom;
    const bool velocity = gli_flat_in(call, GLI_RMSPROP_VELOCITY), mean = gli_flat_in(call, GLI_RMSPROP_MEAN);
    if (velocity != (bool)call->out[GLI_RMSPROP_NEW_VELOCITY]) return "velocity and new_velocity are not both given";
    if (mean != (bool)call->out[GLI_RMSPROP_NEW_MEAN]) return "mean and new_mean are not both given";
    if (mean != g->centered) return "mean is given without centered";
    return NULL;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_rmsprop_geom *g = call->geom;
    job j                     = {.rate         = *(const float *)call->in[GLI_RMSPROP_RATE]->data,
                                 .alpha        = (float)g->alpha,
                                 .rest         = (float)(1 - g->alpha),
                                 .epsilon      = (float)g->epsilon,
                                 .momentum     = (float)g->momentum,
                                 .l1           = (float)g->l1,
                                 .l2           = (float)g->l2,
                                 .param        = gli_flat_in(call, GLI_RMSPROP_PARAM),
                                 .grad         = gli_flat_in(call, GLI_RMSPROP_GRAD),
                                 .square       = gli_flat_in(call, GLI_RMSPROP_SQUARE),
                                 .velocity     = gli_flat_in(call, GLI_RMSPROP_VELOCITY),
                                 .mean         = gli_flat_in(call, GLI_RMSPROP_MEAN),
                                 .new_param    = gli_flat_out(call, GLI_RMSPROP_NEW_PARAM),
                                 .new_square   = gli_flat_out(call, GLI_RMSPROP_NEW_SQUARE),
                                 .new_velocity = gli_flat_out(call, GLI_RMSPROP_NEW_VELOCITY),
                                 .new_mean     = gli_flat_out(call, GLI_RMSPROP_NEW_MEAN)};
    gli_parallel(call->ctx, g->count, GLI_FLAT_GRAIN,
                 j.mean ? (j.velocity ? with_both : with_mean) : (j.velocity ? with_velocity : plain), &j);
    return GLIA_OK;
}

const gli_provider gli_rmsprop_native = {
    .name = "cpu.native", .accepts = GLI_ACCEPTS_FLAT, .decline = decline, .run = run};
