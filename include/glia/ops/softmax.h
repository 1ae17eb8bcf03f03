/* Softmax and its logarithm. The gradient is in glia/ops/backward/softmax.h. */
#ifndef GLIA_OPS_SOFTMAX_H
#define GLIA_OPS_SOFTMAX_H

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_softmax_params {
    int axis; /* negative: from the end */
    bool log;
} glia_softmax_params;

/* Over the last axis, no logarithm. */
GLIA_API glia_softmax_params glia_softmax_defaults(void);

/* y = exp(x - m) / sum of exp(x - m) along the axis, m = max x; log: y = x - m - log(sum of exp(x - m)). Where all x
 * are -infinity, y is NaN, as in PyTorch. y has the shape of x and may be x. Floats. */
GLIA_API glia_status glia_softmax(glia_context *ctx, const glia_softmax_params *params, const glia_tensor *x,
                                  glia_tensor *y);

#ifdef __cplusplus
}
#endif
#endif
