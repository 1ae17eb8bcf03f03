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
 * 0 for hard_swish at -3 and 1 at 3, 1 for clip at both bounds: as in PyTorch, whose clamp has 0
 * there since 2.14. */
GLIA_API glia_status glia_unary_backward(glia_context *ctx, const glia_unary_params *params, const glia_tensor *x,
                                         const glia_tensor *y, const glia_tensor *dy, glia_tensor *dx);

typedef struct glia_prelu_params {
    int reserved; /* nothing to set */
} glia_prelu_params;
typedef glia_prelu_params glia_prelu_backward_params;

/* y = x > 0 ? x : slope x, with one slope for all, or one for each channel (axis 1 of x; a vector has one channel).
 * x: [N,C,...], any shape with a slope of [1]   slope: [1] or [C]   y: as x, may be x. Floats. Source: PyTorch's prelu.
 */
GLIA_API glia_status glia_prelu(glia_context *ctx, const glia_prelu_params *params, const glia_tensor *x,
                                const glia_tensor *slope, glia_tensor *y);

/* dx = x > 0 ? dy : slope dy   dslope = the sum of (x > 0 ? 0 : x dy) over the elements that use the slope.
 * dx, dslope: NULL where not wanted. dx: as x, may be dy. dslope: as slope. Floats. */
GLIA_API glia_status glia_prelu_backward(glia_context *ctx, const glia_prelu_params *params, const glia_tensor *x,
                                         const glia_tensor *slope, const glia_tensor *dy, glia_tensor *dx,
                                         glia_tensor *dslope);

typedef enum glia_binary_kind {
    GLIA_ADD,     /* a + b */
    GLIA_SUB,     /* a - b */
    GLIA_MUL,     /* a b */
    GLIA_DIV,     /* a / b */
    GLIA_POW,     /* a to the power of b, as C's pow */
    GLIA_MINIMUM, /* the smaller; NaN where either is NaN */
    GLIA_MAXIMUM  /* the larger; NaN where either is NaN */
} glia_binary_kind;

typedef struct glia_binary_params {
    glia_binary_kind kind;
} glia_binary_params;
typedef glia_binary_params glia_binary_backward_params;

/* y = f(a, b) with NumPy's broadcasting: shapes are aligned at their last axes; a missing axis or one of size 1 repeats
 * its elements. y may be a, where a has y's shape. Floats. */
GLIA_API glia_status glia_binary(glia_context *ctx, const glia_binary_params *params, const glia_tensor *a,
                                 const glia_tensor *b, glia_tensor *y);

/* da, db = dy times the derivatives by a and b, summed over the axes that were repeated. Either may be NULL.
 *   add  dy, dy     sub  dy, -dy     mul  dy b, dy a     div  dy / b, -dy a / b^2
 *   pow  dy b a^(b-1), 0 where b = 0;   dy a^b log a, 0 where a = 0 and b >= 0
 *   minimum, maximum  dy to the one that was taken, half to each where they are equal, dy to both where one is NaN
 * as in PyTorch. a, b, dy: as in and out of glia_binary. Floats. */
GLIA_API glia_status glia_binary_backward(glia_context *ctx, const glia_binary_params *params, const glia_tensor *a,
                                          const glia_tensor *b, const glia_tensor *dy, glia_tensor *da,
                                          glia_tensor *db);

#ifdef __cplusplus
}
#endif
#endif
