#include "kernels/optimizer/update_launch.h"

#include "cuda/ops/dense_view.h"
#include "ops/optimizer/adagrad_geom.h"
#include "ops/optimizer/adam_geom.h"
#include "ops/optimizer/optimizer_check.h"
#include "ops/optimizer/rmsprop_geom.h"
#include "ops/optimizer/sgd_geom.h"

/* The first inputs and the first output are the same in all of them. */
static gli_update_args update_args(const gli_cuda_view *v, int count, double l1, double l2) {
    return (gli_update_args){.dtype     = v->dtype,
                             .count     = count,
                             .rate      = v->in[GLI_OPTIMIZER_RATE],
                             .l1        = l1,
                             .l2        = l2,
                             .param     = v->in[GLI_OPTIMIZER_PARAM],
                             .grad      = v->in[GLI_OPTIMIZER_GRAD],
                             .new_param = v->out[0]};
}

static glia_status sgd(const gli_call *call, const gli_cuda_view *v) {
    const gli_sgd_geom *g   = call->geom;
    const gli_sgd_args args = {.all          = update_args(v, g->count, g->l1, g->l2),
                               .momentum     = g->momentum,
                               .dampening    = g->dampening,
                               .nesterov     = g->nesterov,
                               .velocity     = v->in[GLI_SGD_VELOCITY],
                               .new_velocity = v->out[GLI_SGD_NEW_VELOCITY]};
    GLI_CUDA_TRY(call->ctx, gli_kernel_sgd(&args, v->stream));
    return GLIA_OK;
}

static glia_status adam(const gli_call *call, const gli_cuda_view *v) {
    const gli_adam_geom *g   = call->geom;
    const gli_adam_args args = {.all       = update_args(v, g->count, g->l1, g->l2),
                                .beta1     = g->beta1,
                                .beta2     = g->beta2,
                                .epsilon   = g->epsilon,
                                .decoupled = g->decoupled,
                                .step      = v->in[GLI_ADAM_STEP],
                                .m         = v->in[GLI_ADAM_M],
                                .v         = v->in[GLI_ADAM_V],
                                .new_m     = v->out[GLI_ADAM_NEW_M],
                                .new_v     = v->out[GLI_ADAM_NEW_V]};
    GLI_CUDA_TRY(call->ctx, gli_kernel_adam(&args, v->stream));
    return GLIA_OK;
}

static glia_status adagrad(const gli_call *call, const gli_cuda_view *v) {
    const gli_adagrad_geom *g   = call->geom;
    const gli_adagrad_args args = {.all     = update_args(v, g->count, g->l1, g->l2),
                                   .epsilon = g->epsilon,
                                   .sum     = v->in[GLI_ADAGRAD_SUM],
                                   .new_sum = v->out[GLI_ADAGRAD_NEW_SUM]};
    GLI_CUDA_TRY(call->ctx, gli_kernel_adagrad(&args, v->stream));
    return GLIA_OK;
}

static glia_status rmsprop(const gli_call *call, const gli_cuda_view *v) {
    const gli_rmsprop_geom *g   = call->geom;
    const gli_rmsprop_args args = {.all          = update_args(v, g->count, g->l1, g->l2),
                                   .alpha        = g->alpha,
                                   .epsilon      = g->epsilon,
                                   .momentum     = g->momentum,
                                   .centered     = g->centered,
                                   .square       = v->in[GLI_RMSPROP_SQUARE],
                                   .velocity     = v->in[GLI_RMSPROP_VELOCITY],
                                   .mean         = v->in[GLI_RMSPROP_MEAN],
                                   .new_square   = v->out[GLI_RMSPROP_NEW_SQUARE],
                                   .new_velocity = v->out[GLI_RMSPROP_NEW_VELOCITY],
                                   .new_mean     = v->out[GLI_RMSPROP_NEW_MEAN]};
    GLI_CUDA_TRY(call->ctx, gli_kernel_rmsprop(&args, v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(sgd, .run = sgd, .flat = true, .typed_in = 1 << GLI_OPTIMIZER_RATE);
GLI_CUDA_PROVIDER(adam, .run = adam, .flat = true, .typed_in = 1 << GLI_OPTIMIZER_RATE);
GLI_CUDA_PROVIDER(adagrad, .run = adagrad, .flat = true, .typed_in = 1 << GLI_OPTIMIZER_RATE);
GLI_CUDA_PROVIDER(rmsprop, .run = rmsprop, .flat = true, .typed_in = 1 << GLI_OPTIMIZER_RATE);
