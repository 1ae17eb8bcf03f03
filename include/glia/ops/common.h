/* What several ops share. */
#ifndef GLIA_OPS_COMMON_H
#define GLIA_OPS_COMMON_H

#include "glia/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Functions of one element; alpha and beta are parameters of the op `unary`, their defaults stand in brackets.
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
    X(SOFTPLUS, "softplus")         /* log(1 + exp(alpha x)) / alpha [1] */                                \
    X(SOFTSIGN, "softsign")         /* x / (1 + |x|) */                                                    \
    X(HARD_SIGMOID, "hard_sigmoid") /* min(max(alpha x + beta, 0), 1) [1/6, 1/2] */                        \
    X(HARD_SWISH, "hard_swish")     /* x min(max(x/6 + 1/2, 0), 1) */                                      \
    X(CLIP, "clip")                 /* min(max(x, alpha), beta); no defaults: alpha <= beta */             \
    X(EXP, "exp")                                                                                          \
    X(LOG, "log")                                                                                          \
    X(SQRT, "sqrt")                                                                                        \
    X(ABS, "abs") /* derivative 0 at 0 */                                                                  \
    X(NEG, "neg")                                                                                          \
    X(SQUARE, "square")

typedef enum glia_unary_kind {
#define X(name, text) GLIA_##name,
    GLIA_UNARY_LIST(X)
#undef X
        GLIA_UNARY_COUNT
} glia_unary_kind;

GLIA_API const char *glia_unary_name(glia_unary_kind kind); /* "relu"; "?" for a value that is no kind */

/* Axes as a set of bits: GLIA_AXIS(0) | GLIA_AXIS(-1) are the first and the last. 0 is each op's default. */
#define GLIA_AXIS(i) (1u << ((i) & 31))

/* For the pad_end of convolutions and pooling, where 0 means as pad: nothing there. */
enum { GLIA_NO_PAD = -1 };

/* What a loss does with its terms. */
typedef enum glia_reduction { GLIA_REDUCE_MEAN, GLIA_REDUCE_SUM, GLIA_REDUCE_NONE } glia_reduction;

#ifdef __cplusplus
}
#endif
#endif
