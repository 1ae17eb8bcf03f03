/* Losses of differences, in double as the reference has them. Sums are made by chunk, then over the chunks in order.
 * Where loss and gradient are both asked for, a chunk's numbers are still in the cache for the second. */
#include <math.h>

#include "core/parallel.h"
#include "core/provider.h"
#include "cpu/native/flat.h"
#include "cpu/native/vectorize.h"
#include "ops/loss/loss_geom.h"

enum { LANES = 16 };

typedef struct job {
    const gli_loss_geom *g;
    const float *prediction, *target;
    double scale;    /* of the gradient */
    double *partial; /* sums, one for each chunk */
    float *gradient;
} job;

/* kind is a constant of each caller. */
GLI_INLINE double term(glia_loss_kind kind, double delta, double d) {
    const double absolute = fabs(d);
    if (kind == GLIA_LOSS_MSE) return d * d;
    if (kind == GLIA_LOSS_MAE) return absolute;
    return absolute <= delta ? d * d / 2 : delta * (absolute - delta / 2);
}

/* The derivative of the term. */
GLI_INLINE double slope(glia_loss_kind kind, double delta, double d) {
    const double sign = (double)(d > 0) - (double)(d < 0);
    if (kind == GLIA_LOSS_MSE) return 2 * d;
    if (kind == GLIA_LOSS_MAE) return d != d ? d : sign;
    return fabs(d) > delta ? delta * sign : d;
}

GLI_INLINE double sum_of_kind(const job *j, glia_loss_kind kind, int64_t begin, int64_t end) {
    const float *p = j->prediction, *t = j->target;
    const double delta = j->g->delta;
    double lane[LANES] = {0}, sum = 0;
    int64_t i = begin;
    for (; i + LANES <= end; i += LANES)
        for (int k = 0; k < LANES; ++k) lane[k] += term(kind, delta, (double)p[i + k] - t[i + k]);
    for (; i < end; ++i) sum += term(kind, delta, (double)p[i] - t[i]);
    for (int k = 0; k < LANES; ++k) sum += lane[k];
    return sum;
}

GLI_CLONES static void loss_sum(void *arg, int64_t begin, int64_t end) {
    const job *j = arg;
    double *sum  = &j->partial[begin / GLI_FLAT_GRAIN];
    switch (j->g->kind) {
        case GLIA_LOSS_MSE: *sum = sum_of_kind(j, GLIA_LOSS_MSE, begin, end); break;
        case GLIA_LOSS_MAE: *sum = sum_of_kind(j, GLIA_LOSS_MAE, begin, end); break;
        default: *sum = sum_of_kind(j, GLIA_LOSS_HUBER, begin, end);
    }
}

GLI_INLINE void gradient_of_kind(const job *j, glia_loss_kind kind, int64_t begin, int64_t end) {
    const float *p = j->prediction, *t = j->target;
    const double delta = j->g->delta, scale = j->scale;
    GLI_IVDEP
    for (int64_t i = begin; i < end; ++i) j->gradient[i] = (float)(scale * slope(kind, delta, (double)p[i] - t[i]));
}

GLI_CLONES static void loss_gradient(void *arg, int64_t begin, int64_t end) {
    const job *j = arg;
    switch (j->g->kind) {
        case GLIA_LOSS_MSE: gradient_of_kind(j, GLIA_LOSS_MSE, begin, end); break;
        case GLIA_LOSS_MAE: gradient_of_kind(j, GLIA_LOSS_MAE, begin, end); break;
        default: gradient_of_kind(j, GLIA_LOSS_HUBER, begin, end);
    }
}

static void loss_sum_and_gradient(void *arg, int64_t begin, int64_t end) {
    loss_sum(arg, begin, end);
    loss_gradient(arg, begin, end);
}

static const char *decline(const gli_call *call) {
    const gli_loss_geom *g = call->geom;
    if (g->kind != GLIA_LOSS_MSE && g->kind != GLIA_LOSS_MAE && g->kind != GLIA_LOSS_HUBER)
        return "it takes mse, mae and huber only";
    if (g->reduction == GLIA_REDUCTION_NONE) return "it takes a mean or a sum only";
    return gli_in_floats(call, GLI_LOSS_WEIGHT) ? "it takes no weights" : NULL;
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_loss_geom *g = call->geom;
    out->workspace         = ((size_t)g->count / GLI_FLAT_GRAIN + 1) * sizeof(double);
    return GLIA_OK;
}

static job job_of(const gli_call *call, void *workspace) {
    return (job){.g          = call->geom,
                 .prediction = gli_in_floats(call, GLI_LOSS_PREDICTION),
                 .target     = gli_in_floats(call, GLI_LOSS_TARGET),
                 .partial    = workspace};
}

/* Of the chunks' sums. */
static float loss_of(const job *j) {
    const gli_loss_geom *g = j->g;
    double sum             = 0;
    for (int64_t i = 0; i * GLI_FLAT_GRAIN < g->count; ++i) sum += j->partial[i];
    if (g->reduction == GLIA_REDUCTION_MEAN && g->count > 0) sum /= g->count;
    return (float)sum;
}

static glia_status run_forward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    job j = job_of(call, workspace);
    gli_parallel(call->ctx, j.g->count, GLI_FLAT_GRAIN, loss_sum, &j);
    *gli_out_floats(call, 0) = loss_of(&j);
    return GLIA_OK;
}

static glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    const gli_loss_geom *g = call->geom;
    const double dy        = *gli_in_floats(call, GLI_LOSS_DY);
    float *y               = gli_out_floats(call, GLI_LOSS_BACK_Y);
    job j                  = job_of(call, workspace);
    j.scale                = g->reduction == GLIA_REDUCTION_MEAN && g->count > 0 ? dy / g->count : dy;
    j.gradient             = gli_out_floats(call, GLI_LOSS_BACK_DPREDICTION);
    gli_parallel(call->ctx, g->count, GLI_FLAT_GRAIN, y ? loss_sum_and_gradient : loss_gradient, &j);
    if (y) *y = loss_of(&j);
    return GLIA_OK;
}

const gli_provider gli_loss_native = {
    .name = "cpu.native", .accepts = GLI_ACCEPTS_FLAT, .decline = decline, .prepare = prepare, .run = run_forward};
const gli_provider gli_loss_backward_native = {
    .name = "cpu.native", .accepts = GLI_ACCEPTS_FLAT, .decline = decline, .prepare = prepare, .run = run_backward};
