/* Checks that all optimizers share. */
#ifndef GLI_OPS_OPTIMIZER_OPTIMIZER_CHECK_H
#define GLI_OPS_OPTIMIZER_OPTIMIZER_CHECK_H

#include "glia/ops/optimizer.h"
#include "ops/check.h"

/* Every optimizer's first inputs. */
enum { GLI_OPTIMIZER_PARAM, GLI_OPTIMIZER_GRAD, GLI_OPTIMIZER_RATE };

/* And the last ones, which are optional. */
static inline int gli_optimizer_skip(const gli_op *op) { return op->n_inputs - 2; }
static inline int gli_optimizer_half(const gli_op *op) { return op->n_inputs - 1; }

/* param, grad and the inputs from `state` on that are present are floats of one dtype and shape, but for the last two:
 * skip, which is an i64 scalar as rate is an f32 one, and half; sets the first n_out outputs to that dtype and shape,
 * and the last output, new_half. */
glia_status gli_check_optimizer(gli_resolution *r, int state, int n_out);

/* Both are finite and not negative. */
glia_status gli_check_penalties(const gli_resolution *r, double weight_decay, double l1);

#endif
