/* Optimizers: one step from a parameter and its gradient to the next parameter. Each tensor may have any shape; in
 * practice all parameters of a network are one vector. Each new_... may be in the memory of its old one. State starts
 * as zeros.
 *
 * The learning rate, and the step where there is one, are tensors, since they change from step to step: rate is f32, a
 * scalar; step is i64, a scalar, 1 at the first step. So is skip, which may be NULL: an i64 scalar, and where it is not
 * 0, each new_... is its old one. All other tensors are f32, or all f64, and of one shape, but for half and new_half,
 * which have the same shape and may be NULL: new_half is new_param in bf16 or f16, for the next step's forward pass. Of
 * half, which new_half may be, only the dtype is read; without it new_half is bf16. Weights and state themselves are
 * not kept in 16 bits, where a small step leaves a weight as it is, and 0.999 v is rounded to v.
 *
 * In all of them g is the gradient with the penalties' share: g = grad + weight_decay param + l1 sign(param), with
 * sign(0) = 0.
 *
 * Adam, Adagrad and RMSprop keep squares of g. In f32 their formulas hold for |g| from 1e-17 to 1e18. The square of a
 * smaller g may count as 0, which makes no difference beside an epsilon of 1e-10 or more; that of a larger g, from
 * 1.8e19 on, may be infinite, and makes the step 0, now and later: param stays as it is, and none of it is NaN while g
 * is finite. Formulas: PyTorch's torch.optim. */
#ifndef GLIA_OPS_OPTIMIZER_H
#define GLIA_OPS_OPTIMIZER_H

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_sgd_params {
    double momentum, dampening; /* dampening only with momentum */
    bool nesterov;              /* with momentum, and without dampening */
    double weight_decay, l1;
} glia_sgd_params; /* NULL: no momentum, no penalties */

typedef struct glia_sgd_tensors {
    const glia_tensor *param, *grad, *rate;
    const glia_tensor *velocity; /* NULL without momentum: zeros */
    const glia_tensor *skip, *half;
    glia_tensor *new_param;
    glia_tensor *new_velocity; /* may be NULL */
    glia_tensor *new_half;
} glia_sgd_tensors;

/* new_velocity = momentum velocity + (1 - dampening) g
 * new_param = param - rate d, with d = new_velocity, or g + momentum new_velocity with nesterov.
 * PyTorch starts its velocity with the first g, undampened: the same unless there is dampening. */
GLIA_API glia_status glia_sgd(glia_context *ctx, const glia_sgd_params *params, const glia_sgd_tensors *tensors);

typedef struct glia_adam_params {
    double beta1, beta2;
    double epsilon;
    double weight_decay, l1;
    bool decoupled; /* AdamW: weight_decay stays out of g, and param is first multiplied by 1 - rate weight_decay */
} glia_adam_params;

/* beta1 0.9, beta2 0.999, epsilon 1e-8, no penalties. */
GLIA_API glia_adam_params glia_adam_defaults(void);

typedef struct glia_adam_tensors {
    const glia_tensor *param, *grad, *rate, *step, *m, *v, *skip, *half;
    glia_tensor *new_param, *new_m, *new_v, *new_half;
} glia_adam_tensors;

/* new_m = beta1 m + (1 - beta1) g     new_v = beta2 v + (1 - beta2) g^2
 * new_param = param - rate / (1 - beta1^step) new_m / (sqrt(new_v / (1 - beta2^step)) + epsilon) */
GLIA_API glia_status glia_adam(glia_context *ctx, const glia_adam_params *params, const glia_adam_tensors *tensors);

typedef struct glia_adagrad_params {
    double epsilon;
    double weight_decay, l1;
} glia_adagrad_params;

/* epsilon 1e-10, no penalties. */
GLIA_API glia_adagrad_params glia_adagrad_defaults(void);

typedef struct glia_adagrad_tensors {
    const glia_tensor *param, *grad, *rate, *sum, *skip, *half;
    glia_tensor *new_param, *new_sum, *new_half;
} glia_adagrad_tensors;

/* new_sum = sum + g^2     new_param = param - rate g / (sqrt(new_sum) + epsilon) */
GLIA_API glia_status glia_adagrad(glia_context *ctx, const glia_adagrad_params *params,
                                  const glia_adagrad_tensors *tensors);

typedef struct glia_rmsprop_params {
    double alpha;
    double epsilon;
    double momentum;
    bool centered;
    double weight_decay, l1;
} glia_rmsprop_params;

/* alpha 0.99, epsilon 1e-8, no momentum, not centered, no penalties. */
GLIA_API glia_rmsprop_params glia_rmsprop_defaults(void);

typedef struct glia_rmsprop_tensors {
    const glia_tensor *param, *grad, *rate, *square;
    const glia_tensor *velocity; /* NULL without momentum: zeros */
    const glia_tensor *mean;     /* NULL where not centered: zeros */
    const glia_tensor *skip, *half;
    glia_tensor *new_param, *new_square;
    glia_tensor *new_velocity, *new_mean; /* may be NULL */
    glia_tensor *new_half;
} glia_rmsprop_tensors;

/* new_square = alpha square + (1 - alpha) g^2     new_mean = alpha mean + (1 - alpha) g
 * new_velocity = momentum velocity + g / (sqrt(a) + epsilon), a = new_square, centered: new_square - new_mean^2,
 * which is 0 where rounding would make it negative
 * new_param = param - rate new_velocity */
GLIA_API glia_status glia_rmsprop(glia_context *ctx, const glia_rmsprop_params *params,
                                  const glia_rmsprop_tensors *tensors);

typedef struct glia_clip_by_norm_params {
    double max_norm; /* above 0 */
} glia_clip_by_norm_params;

/* norm = sqrt(sum of g^2) over all elements     y = g min(1, max_norm / (norm + 1e-6))
 * A norm that is infinite makes y 0 (NaN where g is not finite), a NaN makes it NaN.
 * g: floats   y: the same shape, may be g   norm: f32 scalar, may be NULL. Source: PyTorch's clip_grad_norm_. */
GLIA_API glia_status glia_clip_by_norm(glia_context *ctx, const glia_clip_by_norm_params *params, const glia_tensor *g,
                                       glia_tensor *y, glia_tensor *norm);

/* The first step at which an element of x or y was infinite or NaN: new_failed is failed where that is not 0; otherwise
 * step where an element of x or of y is not finite; otherwise 0. It serves the optimizers as skip.
 * x, y: floats of one dtype, any shapes; y may be NULL   step, failed, new_failed: i64 scalars; new_failed may be
 * failed. */
GLIA_API glia_status glia_check_finite(glia_context *ctx, const glia_tensor *x, const glia_tensor *step,
                                       const glia_tensor *failed, const glia_tensor *y, glia_tensor *new_failed);

#ifdef __cplusplus
}
#endif
#endif
