/* Functions of one element or of pairs of elements. The gradients are in glia/ops/backward/elementwise.h.
 *
 * NaN propagates, also where a comparison chooses: relu, clip, minimum and maximum of a NaN are NaN, as in PyTorch. */
#ifndef GLIA_OPS_ELEMENTWISE_H
#define GLIA_OPS_ELEMENTWISE_H

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_unary_params {
    glia_unary_kind kind;
    double alpha, beta; /* kinds that have no alpha or beta do not read them */
} glia_unary_params;

/* The kind with its usual alpha and beta, see GLIA_UNARY_LIST. params NULL: of GLIA_UNARY_LINEAR. */
GLIA_API glia_unary_params glia_unary_defaults(glia_unary_kind kind);

/* y[i] = f(x[i]); f is listed at GLIA_UNARY_LIST. y has the shape of x and may be x. Floats. log and sqrt of a negative
 * number are NaN. Formulas: PyTorch's functions of these names; hard_sigmoid with ONNX's alpha and beta. */
GLIA_API glia_status glia_unary(glia_context *ctx, const glia_unary_params *params, const glia_tensor *x,
                                glia_tensor *y);

/* y = x > 0 ? x : slope x, with one slope for all, or one for each channel (axis 1 of x; a vector has one channel).
 * x: [N,C,...], any shape with a slope of [1]   slope: [1] or [C]   y: as x, may be x. Floats. Source: PyTorch's prelu.
 */
GLIA_API glia_status glia_prelu(glia_context *ctx, const glia_tensor *x, const glia_tensor *slope, glia_tensor *y);

typedef enum glia_binary_kind {
    GLIA_BINARY_ADD,     /* a + b */
    GLIA_BINARY_SUB,     /* a - b */
    GLIA_BINARY_MUL,     /* a b */
    GLIA_BINARY_DIV,     /* a / b */
    GLIA_BINARY_POW,     /* a to the power of b, as C's pow */
    GLIA_BINARY_MINIMUM, /* the smaller; NaN where either is NaN */
    GLIA_BINARY_MAXIMUM, /* the larger; NaN where either is NaN */
    /* 1 where it is so, otherwise 0; derivative 0. A NaN is equal to nothing, and neither less nor greater. */
    GLIA_BINARY_EQUAL,
    GLIA_BINARY_NOT_EQUAL,
    GLIA_BINARY_LESS, /* a < b */
    GLIA_BINARY_LESS_EQUAL,
    GLIA_BINARY_GREATER,
    GLIA_BINARY_GREATER_EQUAL
} glia_binary_kind;

typedef struct glia_binary_params {
    glia_binary_kind kind;
} glia_binary_params;

/* y = f(a, b) with NumPy's broadcasting: shapes are aligned at their last axes; a missing axis or one of size 1 repeats
 * its elements. y may be a, where a has y's shape. Floats. */
GLIA_API glia_status glia_binary(glia_context *ctx, const glia_binary_params *params, const glia_tensor *a,
                                 const glia_tensor *b, glia_tensor *y);

/* y is a where the condition is not 0, NaN included, otherwise b: element by element, with NumPy's broadcasting of all
 * three. What is not chosen does not count, infinite or not, and gets a gradient of 0.
 * condition: the dtype of a and b; or an i64 scalar, and a and b of one shape   a, b: floats of one dtype   y: the
 * same; may be a, where a has y's shape. Source: PyTorch's where. */
GLIA_API glia_status glia_where(glia_context *ctx, const glia_tensor *condition, const glia_tensor *a,
                                const glia_tensor *b, glia_tensor *y);

#ifdef __cplusplus
}
#endif
#endif
