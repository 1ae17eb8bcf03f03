/* Checks that all optimizers share. */
#ifndef GLIA_OPS_OPTIMIZER_OPTIMIZER_CHECK_H
#define GLIA_OPS_OPTIMIZER_OPTIMIZER_CHECK_H

#include "glia/ops/optimizer.h"
#include "ops/check.h"

/* Every optimizer's first inputs. */
enum { OPTIMIZER_PARAM, OPTIMIZER_GRAD, OPTIMIZER_RATE };

/* param, grad and the inputs from `state` on that are present are floats of one dtype and shape, rate is an f32
 * scalar; sets the first n_out outputs to that dtype and shape. */
glia_status glia_check_optimizer(glia_resolution *r, int state, int n_out);

/* low <= value < high, with both in the message. */
glia_status glia_check_range(const glia_resolution *r, const char *name, double value, double low, double high);

/* l1 and l2 are not negative, and finite. */
glia_status glia_check_penalties(const glia_resolution *r, double l1, double l2);

#endif
