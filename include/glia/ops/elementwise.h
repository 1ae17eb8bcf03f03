/* Functions of one element or of pairs of elements, and their derivatives.
 *
 * NaN goes through, also where a comparison chooses: relu, clip, minimum and maximum of a NaN are NaN, as in PyTorch.
 */
#ifndef GLIA_OPS_ELEMENTWISE_H
#define GLIA_OPS_ELEMENTWISE_H

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_unary_params {
    glia_unary_kind kind;
    float alpha, beta; /* 0: the kind's default; kinds that have no alpha or beta do not read them */
} glia_unary_params;
typedef glia_unary_params glia_unary_backward_params;

/* y[i] = f(x[i]); f is listed at GLIA_UNARY_LIST. y has the shape of x and may be x. Floats. log and sqrt of a negative
 * number are NaN. Formulas: PyTorch's functions of these names; hard_sigmoid with ONNX's alpha and beta. */
GLIA_API glia_status glia_unary(glia_context *ctx, const glia_unary_params *params, const glia_tensor *x,
                                glia_tensor *y);

/* dx[i] = dy[i] f'(x[i]), from x, from y = f(x), or from neither, as the kind allows:
 *   neither  linear, step, neg
 *   y or x   sigmoid, tanh, relu, selu, softplus, softsign, hard_sigmoid, exp, sqrt; leaky_relu and elu with alpha > 0
 *   x        gelu, gelu_tanh, silu, hard_swish, clip, log, abs, square; leaky_relu and elu with alpha < 0
 * What is not needed may be NULL; where y is enough and both are given, y is read. All have one shape; dx may be dy.
 * Floats. At kinks: 0 for relu and abs at 0 and for hard_sigmoid at both corners, alpha for leaky_relu and elu at 0,
 * 0 for hard_swish at -3 and 1 at 3, 1 for clip at both bounds: as in PyTorch. */
GLIA_API glia_status glia_unary_backward(glia_context *ctx, const glia_unary_params *params, const glia_tensor *x,
                                         const glia_tensor *y, const glia_tensor *dy, glia_tensor *dx);

#ifdef __cplusplus
}
#endif
#endif
