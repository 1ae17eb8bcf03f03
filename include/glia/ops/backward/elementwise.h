/* The gradients of elementwise functions. */
#ifndef GLIA_OPS_BACKWARD_ELEMENTWISE_H
#define GLIA_OPS_BACKWARD_ELEMENTWISE_H

#include "glia/ops/elementwise.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef glia_unary_params glia_unary_backward_params;

/* dx[i] = dy[i] f'(x[i]), from x, from y = f(x), or from neither, as the kind allows:
 *   neither  linear, step, neg
 *   y or x   sigmoid, tanh, relu, selu, softplus, softsign, hard_sigmoid, exp, sqrt; leaky_relu and elu with alpha > 0
 *   x        gelu, gelu_tanh, silu, hard_swish, clip, log, abs, square; leaky_relu and elu with alpha <= 0
 * What is not needed may be NULL; where y is enough and both are given, y is read. All have one shape; dx may be dy.
 * Floats. At kinks: 0 for relu and abs at 0 and for hard_sigmoid at both corners, alpha for leaky_relu and elu at 0,
 * 0 for hard_swish at -3 and 1 at 3, 1 for clip at both bounds: as in PyTorch, whose clamp has 0
 * there since 2.14. */
GLIA_API glia_status glia_unary_backward(glia_context *ctx, const glia_unary_params *params, const glia_tensor *x,
                                         const glia_tensor *y, const glia_tensor *dy, glia_tensor *dx);

/* dx = x > 0 ? dy : slope dy   dslope = the sum of (x > 0 ? 0 : x dy) over the elements that use the slope.
 * dx, dslope: NULL where not requested. dx: as x, may be dy. dslope: as slope. Floats. dslope is right where it is a
 * number, as the gradients of glia_binary are. */
GLIA_API glia_status glia_prelu_backward(glia_context *ctx, const glia_tensor *x, const glia_tensor *slope,
                                         const glia_tensor *dy, glia_tensor *dx, glia_tensor *dslope);

typedef glia_binary_params glia_binary_backward_params;

/* da, db = dy times the derivatives with respect to a and b, summed over the axes that were repeated. Either may be
 * NULL.
 *   add  dy, dy     sub  dy, -dy     mul  dy b, dy a     div  dy / b, -dy a / b^2
 *   pow  dy b a^(b-1), 0 where b = 0;   dy a^b log a, 0 where a = 0 and b >= 0
 *   minimum, maximum  dy to the one that was taken, half to each where they are equal, dy to both where one is NaN
 * as in PyTorch. A gradient that is a number is right, though factors, powers or sums on the way to it are none; in f64
 * each term of a sum has to be one. a, b, dy: as in and out of glia_binary. Floats. */
GLIA_API glia_status glia_binary_backward(glia_context *ctx, const glia_binary_params *params, const glia_tensor *a,
                                          const glia_tensor *b, const glia_tensor *dy, glia_tensor *da,
                                          glia_tensor *db);

#ifdef __cplusplus
}
#endif
#endif
