#include <float.h>
#include <math.h>

#include "core/parallel.h"
#include "core/provider.h"
#include "cpu/native/flat.h"
#include "cpu/native/optimizer/update.h"
#include "ops/optimizer/rmsprop_geom.h"

enum { SQUARE, VELOCITY, MEAN, HAS_SQUARE = 1 << SQUARE, HAS_VELOCITY = 1 << VELOCITY, HAS_MEAN = 1 << MEAN };

typedef struct job {
    gli_update update;
    float rate, alpha, one_minus_alpha, epsilon, momentum;
} job;

GLI_INLINE void step(const void *numbers, unsigned states, gli_update_element *e) {
    const job *j     = numbers;
    e->state[SQUARE] = j->alpha * e->state[SQUARE] + j->one_minus_alpha * e->grad * e->grad;
    float variance   = e->state[SQUARE];
    if (states & HAS_MEAN) {
        e->state[MEAN]       = j->alpha * e->state[MEAN] + j->one_minus_alpha * e->grad;
        const float centered = variance - e->state[MEAN] * e->state[MEAN];
        variance             = variance > FLT_MAX ? variance : centered < 0 ? 0 : centered;
    }
    float velocity = e->grad / (sqrtf(variance) + j->epsilon);
    if (states & HAS_VELOCITY) e->state[VELOCITY] = velocity += j->momentum * e->state[VELOCITY];
    e->param -= j->rate * velocity;
}

/* One loop for each combination of the optional states. */
GLI_CLONES static void update_rmsprop(void *arg, int64_t begin, int64_t end) {
    const job j = *(const job *)arg;
    gli_update_elements(&j.update, begin, end, HAS_SQUARE, step, &j);
}

GLI_CLONES static void update_rmsprop_velocity(void *arg, int64_t begin, int64_t end) {
    const job j = *(const job *)arg;
    gli_update_elements(&j.update, begin, end, HAS_SQUARE | HAS_VELOCITY, step, &j);
}

GLI_CLONES static void update_rmsprop_mean(void *arg, int64_t begin, int64_t end) {
    const job j = *(const job *)arg;
    gli_update_elements(&j.update, begin, end, HAS_SQUARE | HAS_MEAN, step, &j);
}

GLI_CLONES static void update_rmsprop_both(void *arg, int64_t begin, int64_t end) {
    const job j = *(const job *)arg;
    gli_update_elements(&j.update, begin, end, HAS_SQUARE | HAS_VELOCITY | HAS_MEAN, step, &j);
}

/* An output without its input, an input without its output, and a mean that is not subtracted are left to the
 * reference. */
static const char *decline(const gli_call *call) {
    const gli_rmsprop_geom *g = call->geom;
    const bool velocity = gli_in_floats(call, GLI_RMSPROP_VELOCITY), mean = gli_in_floats(call, GLI_RMSPROP_MEAN);
    if (velocity != (bool)call->out[GLI_RMSPROP_NEW_VELOCITY]) return "velocity and new_velocity are not both given";
    if (mean != (bool)call->out[GLI_RMSPROP_NEW_MEAN]) return "mean and new_mean are not both given";
    if (mean != g->centered) return "mean is given without centered";
    return NULL;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    if (gli_update_skipped(call)) return GLIA_OK;
    const gli_rmsprop_geom *g = call->geom;
    const float *velocity = gli_in_floats(call, GLI_RMSPROP_VELOCITY), *mean = gli_in_floats(call, GLI_RMSPROP_MEAN);
    job j                        = {.rate                = *gli_in_floats(call, GLI_RMSPROP_RATE),
                                    .alpha               = (float)g->alpha,
                                    .one_minus_alpha     = (float)(1 - g->alpha),
                                    .epsilon             = (float)g->epsilon,
                                    .momentum            = (float)g->momentum,
                                    .update.l1           = (float)g->l1,
                                    .update.weight_decay = (float)g->weight_decay,
                                    .update.param        = gli_in_floats(call, GLI_RMSPROP_PARAM),
                                    .update.grad         = gli_in_floats(call, GLI_RMSPROP_GRAD),
                                    .update.new_param    = gli_out_floats(call, GLI_RMSPROP_NEW_PARAM),
                                    .update.new_half     = call->out[GLI_RMSPROP_NEW_HALF]};
    j.update.state[SQUARE]       = gli_in_floats(call, GLI_RMSPROP_SQUARE);
    j.update.state[VELOCITY]     = velocity;
    j.update.state[MEAN]         = mean;
    j.update.new_state[SQUARE]   = gli_out_floats(call, GLI_RMSPROP_NEW_SQUARE);
    j.update.new_state[VELOCITY] = gli_out_floats(call, GLI_RMSPROP_NEW_VELOCITY);
    j.update.new_state[MEAN]     = gli_out_floats(call, GLI_RMSPROP_NEW_MEAN);
    gli_parallel(call->ctx, g->count, GLI_FLAT_GRAIN,
                 mean ? (velocity ? update_rmsprop_both : update_rmsprop_mean)
                      : (velocity ? update_rmsprop_velocity : update_rmsprop),
                 &j);
    return GLIA_OK;
}

const gli_provider gli_rmsprop_native = {
    .name = "cpu.native", .accepts = GLI_ACCEPTS_FLAT, .decline = decline, .run = run};
