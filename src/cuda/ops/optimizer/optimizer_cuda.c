#include "kernels/optimizer/optimizer_launch.h"

#include "cuda/ops/dense_view.h"
#include "ops/optimizer/adagrad_geom.h"
#include "ops/optimizer/adam_geom.h"
#include "ops/optimizer/optimizer_check.h"
#include "ops/optimizer/rmsprop_geom.h"
#include "ops/optimizer/sgd_geom.h"

/* The first inputs and the first output are the same in all of them. */
static glia_update_args update_args(const glia_cuda_view *v, int count, double l1, double l2) {
    return (glia_update_args){.dtype     = v->dtype,
                              .count     = count,
                              .rate      = v->in[OPTIMIZER_RATE],
                              .l1        = l1,
                              .l2        = l2,
                              .param     = v->in[OPTIMIZER_PARAM],
                              .grad      = v->in[OPTIMIZER_GRAD],
                              .new_param = v->out[0]};
}

static glia_status sgd(const glia_call *call, const glia_cuda_view *v) {
    const glia_sgd_geom *g   = call->geom;
    const glia_sgd_args args = {.all          = update_args(v, g->count, g->l1, g->l2),
                                .momentum     = g->momentum,
                                .dampening    = g->dampening,
                                .nesterov     = g->nesterov,
                                .velocity     = v->in[SGD_VELOCITY],
                                .new_velocity = v->out[SGD_NEW_VELOCITY]};
    GLIA_CUDA_TRY(call->ctx, glia_kernel_sgd(&args, v->stream));
    return GLIA_OK;
}

static glia_status adam(const glia_call *call, const glia_cuda_view *v) {
    const glia_adam_geom *g   = call->geom;
    const glia_adam_args args = {.all       = update_args(v, g->count, g->l1, g->l2),
                                 .beta1     = g->beta1,
                                 .beta2     = g->beta2,
                                 .epsilon   = g->epsilon,
                                 .decoupled = g->decoupled,
                                 .step      = v->in[ADAM_STEP],
                                 .m         = v->in[ADAM_M],
                                 .v         = v->in[ADAM_V],
                                 .new_m     = v->out[ADAM_NEW_M],
                                 .new_v     = v->out[ADAM_NEW_V]};
    GLIA_CUDA_TRY(call->ctx, glia_kernel_adam(&args, v->stream));
    return GLIA_OK;
}

static glia_status adagrad(const glia_call *call, const glia_cuda_view *v) {
    const glia_adagrad_geom *g   = call->geom;
    const glia_adagrad_args args = {.all     = update_args(v, g->count, g->l1, g->l2),
                                    .epsilon = g->epsilon,
                                    .sum     = v->in[ADAGRAD_SUM],
                                    .new_sum = v->out[ADAGRAD_NEW_SUM]};
    GLIA_CUDA_TRY(call->ctx, glia_kernel_adagrad(&args, v->stream));
    return GLIA_OK;
}

static glia_status rmsprop(const glia_call *call, const glia_cuda_view *v) {
    const glia_rmsprop_geom *g   = call->geom;
    const glia_rmsprop_args args = {.all          = update_args(v, g->count, g->l1, g->l2),
                                    .alpha        = g->alpha,
                                    .epsilon      = g->epsilon,
                                    .momentum     = g->momentum,
                                    .centered     = g->centered,
                                    .square       = v->in[RMSPROP_SQUARE],
                                    .velocity     = v->in[RMSPROP_VELOCITY],
                                    .mean         = v->in[RMSPROP_MEAN],
                                    .new_square   = v->out[RMSPROP_NEW_SQUARE],
                                    .new_velocity = v->out[RMSPROP_NEW_VELOCITY],
                                    .new_mean     = v->out[RMSPROP_NEW_MEAN]};
    GLIA_CUDA_TRY(call->ctx, glia_kernel_rmsprop(&args, v->stream));
    return GLIA_OK;
}

GLIA_CUDA_PROVIDER(sgd, .run = sgd, .flat = true, .typed_in = 1 << OPTIMIZER_RATE);
GLIA_CUDA_PROVIDER(adam, .run = adam, .flat = true, .typed_in = 1 << OPTIMIZER_RATE);
GLIA_CUDA_PROVIDER(adagrad, .run = adagrad, .flat = true, .typed_in = 1 << OPTIMIZER_RATE);
GLIA_CUDA_PROVIDER(rmsprop, .run = rmsprop, .flat = true, .typed_in = 1 << OPTIMIZER_RATE);
