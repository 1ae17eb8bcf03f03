/* What several ops share.
 *
 * Params have no hidden defaults: zero means zero. glia_X_defaults() returns the usual values, to be changed where
 * needed; a params pointer that is NULL stands for them. */
#ifndef GLIA_OPS_COMMON_H
#define GLIA_OPS_COMMON_H

#include "glia/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Functions of one element; alpha and beta are params of the op `unary`, with their usual values in brackets.
 * phi is the standard normal distribution function. */
#define GLIA_UNARY_LIST(X)                                                                                 \
    X(LINEAR, "linear")             /* x */                                                                \
    X(STEP, "step")                 /* x > 0 ? 1 : 0; derivative 0 */                                      \
    X(SIGMOID, "sigmoid")           /* 1 / (1 + exp(-x)) */                                                \
    X(TANH, "tanh")                 /* tanh x */                                                           \
    X(RELU, "relu")                 /* max(x, 0); derivative 0 at 0 */                                     \
    X(LEAKY_RELU, "leaky_relu")     /* x > 0 ? x : alpha x [0.01] */                                       \
    X(ELU, "elu")                   /* x > 0 ? x : alpha (exp(x) - 1) [1] */                               \
    X(SELU, "selu")                 /* 1.0507009873554805 (x > 0 ? x : 1.6732632423543772 (exp(x) - 1)) */ \
    X(GELU, "gelu")                 /* x phi(x) */                                                         \
    X(GELU_TANH, "gelu_tanh")       /* x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) */                    \
    X(SILU, "silu")                 /* x sigmoid(x) */                                                     \
    X(SOFTPLUS, "softplus")         /* log(1 + exp(alpha x)) / alpha [1]; alpha is not 0 */                \
    X(SOFTSIGN, "softsign")         /* x / (1 + |x|) */                                                    \
    X(HARD_SIGMOID, "hard_sigmoid") /* min(max(alpha x + beta, 0), 1) [1/6, 1/2] */                        \
    X(HARD_SWISH, "hard_swish")     /* x min(max(x/6 + 1/2, 0), 1) */                                      \
    X(CLIP, "clip")                 /* min(max(x, alpha), beta) with alpha <= beta [-1, 1] */              \
    X(EXP, "exp")                                                                                          \
    X(LOG, "log")                                                                                          \
    X(SQRT, "sqrt")                                                                                        \
    X(ABS, "abs") /* derivative 0 at 0 */                                                                  \
    X(NEG, "neg")                                                                                          \
    X(SQUARE, "square")                                                                                    \
    X(SIN, "sin") /* of radians */                                                                         \
    X(COS, "cos")                                                                                          \
    X(STOP_GRADIENT, "stop_gradient") /* x; derivative 0 */

typedef enum glia_unary_kind {
#define X(name, text) GLIA_UNARY_##name,
    GLIA_UNARY_LIST(X)
#undef X
        GLIA_UNARY_COUNT
} glia_unary_kind;

GLIA_API const char *glia_unary_name(glia_unary_kind kind); /* "relu"; "?" for an invalid value */

/* What a layer does with its result: the functions above of these names, with the usual alpha and beta, or a softmax,
 * over the axis that the layer names. */
typedef enum glia_activation {
    GLIA_LINEAR,
    GLIA_RELU,
    GLIA_LEAKY_RELU,
    GLIA_ELU,
    GLIA_SELU,
    GLIA_GELU,
    GLIA_GELU_TANH,
    GLIA_SILU,
    GLIA_SIGMOID,
    GLIA_TANH,
    GLIA_SOFTPLUS,
    GLIA_SOFTSIGN,
    GLIA_HARD_SIGMOID,
    GLIA_HARD_SWISH,
    GLIA_SOFTMAX,
    GLIA_LOG_SOFTMAX
} glia_activation;
enum { GLIA_ACTIVATION_COUNT = GLIA_LOG_SOFTMAX + 1 };

GLIA_API const char *glia_activation_name(glia_activation activation); /* "relu"; "?" for an invalid value */

/* Axes as a set of bits: GLIA_AXIS(0) | GLIA_AXIS(-1) are the first and the last. */
#define GLIA_AXIS(i) (1u << ((i) & 31))
#define GLIA_ALL_AXES 0xffffffffu

/* What a loss does with its terms. */
typedef enum glia_reduction { GLIA_REDUCTION_MEAN, GLIA_REDUCTION_SUM, GLIA_REDUCTION_NONE } glia_reduction;

#ifdef __cplusplus
}
#endif
#endif
