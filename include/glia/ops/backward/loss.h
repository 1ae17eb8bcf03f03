/* The gradients of losses. */
#ifndef GLIA_OPS_BACKWARD_LOSS_H
#define GLIA_OPS_BACKWARD_LOSS_H

#include "glia/ops/loss.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef glia_loss_params glia_loss_backward_params;

/* dprediction = dy dy/dprediction; 0 at the kink of mae; bce: (p - t) / max(p (1 - p), 1e-12), as in PyTorch.
 * dy: the shape of y   dprediction: that of prediction. In a graph the op has a second output, y, which is optional:
 * the loss, as glia_loss gives it. A plan uses it where both are needed. */
GLIA_API glia_status glia_loss_backward(glia_context *ctx, const glia_loss_params *params,
                                        const glia_tensor *prediction, const glia_tensor *target,
                                        const glia_tensor *weight, const glia_tensor *dy, glia_tensor *dprediction);

typedef glia_cross_entropy_params glia_cross_entropy_backward_params;

/* dx = dy dy/dx: for an item, with g = dy, or its element of dy, over the divisor of the mean,
 *   logits: g (softmax(x)[c] sum(q) - q[c]);  log-probabilities: - g q[c];
 *   probabilities: - g q[c] / x[c] where 1e-7 <= x[c] <= 1, 0 elsewhere
 * Ignored items get 0, and all where the divisor is 0. dy: the shape of y   dx: the shape of x. In a graph the op has a
 * second output, y, which is optional: the loss, as glia_cross_entropy gives it. A plan uses it where both are needed.
 */
GLIA_API glia_status glia_cross_entropy_backward(glia_context *ctx, const glia_cross_entropy_params *params,
                                                 const glia_tensor *x, const glia_tensor *target,
                                                 const glia_tensor *class_weight, const glia_tensor *dy,
                                                 glia_tensor *dx);

#ifdef __cplusplus
}
#endif
#endif
