/* Losses. The reduction makes one number of the terms: mean, sum, or none (y then has the terms). The gradients are in
 * glia/ops/backward/loss.h.
 * "class" means dimension 1 of x: x is [N,C,...], an item is one (n, ...). */
#ifndef GLIA_OPS_LOSS_H
#define GLIA_OPS_LOSS_H

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The losses of ops and models. The op `loss` computes those from MSE to KL, `cross_entropy` those from CROSS_ENTROPY
 * to NLL; models make the others of several ops, see glia/train.h. */
typedef enum glia_loss_kind {
    GLIA_LOSS_NONE,
    GLIA_LOSS_MSE, /* mean squared error */
    GLIA_LOSS_MAE, /* mean absolute error */
    GLIA_LOSS_HUBER,
    GLIA_LOSS_BCE,                       /* binary cross entropy of probabilities */
    GLIA_LOSS_BCE_LOGITS,                /* binary cross entropy of logits */
    GLIA_LOSS_KL,                        /* Kullback-Leibler divergence of log-probabilities */
    GLIA_LOSS_CROSS_ENTROPY,             /* of logits */
    GLIA_LOSS_CATEGORICAL_CROSS_ENTROPY, /* of probabilities, as Keras has it */
    GLIA_LOSS_NLL,                       /* of log-probabilities */
    GLIA_LOSS_FOCAL,                     /* binary cross entropy of logits, less of elements that are right */
    GLIA_LOSS_DICE,                      /* how little areas overlap: Sorensen-Dice */
    GLIA_LOSS_IOU                        /* the same by Jaccard: intersection over union */
} glia_loss_kind;
enum { GLIA_LOSS_COUNT = GLIA_LOSS_IOU + 1 };

GLIA_API const char *glia_loss_name(glia_loss_kind kind); /* "mse"; "?" for an invalid value */

typedef struct glia_loss_params {
    glia_loss_kind kind;
    glia_reduction reduction;
    double delta;    /* of huber; above 0 */
    bool log_target; /* of kl: target holds logarithms */
} glia_loss_params;

/* The mean squared error, and delta 1 for huber. */
GLIA_API glia_loss_params glia_loss_defaults(void);

/* The terms, with p of prediction and t of target:
 *   mse         (p - t)^2
 *   mae         |p - t|
 *   huber       (p - t)^2 / 2 where |p - t| <= delta, delta (|p - t| - delta / 2) elsewhere
 *   bce         - t log p - (1 - t) log(1 - p), each logarithm at least -100
 *   bce_logits  max(p, 0) - p t + log(1 + exp(-|p|)), which is bce of sigmoid(p)
 *   kl          t (log t - p), 0 where t = 0; with log_target exp(t) (t - p). p is a logarithm
 * each times its weight. y is their mean over all terms, whatever the weights, and 0 where there are none; their sum;
 * or the terms. Where y is a number it is right, though sums, terms or p - t are none; in f64 the terms have to be
 * numbers without their weights, and p - t, else y may be infinite.
 * prediction, target: one shape   weight: that shape, or [N] for a prediction [N,...]; NULL: 1
 * y: scalar, or the shape of prediction with reduction none. Floats.
 * Source: PyTorch's losses of these names. */
GLIA_API glia_status glia_loss(glia_context *ctx, const glia_loss_params *params, const glia_tensor *prediction,
                               const glia_tensor *target, const glia_tensor *weight, glia_tensor *y);

typedef enum glia_cross_entropy_from {
    GLIA_FROM_LOGITS,
    GLIA_FROM_LOG_PROBABILITIES,
    GLIA_FROM_PROBABILITIES
} glia_cross_entropy_from;

typedef struct glia_cross_entropy_params {
    glia_cross_entropy_from from; /* what x holds */
    glia_reduction reduction;
    int64_t ignore_index;   /* with ignore: items of this target are left out */
    bool ignore;            /* class targets only */
    double label_smoothing; /* 0 to 1: this share of each target is divided equally among all classes */
} glia_cross_entropy_params;

/* The cross entropy of each item: l = - sum over c of q[c] log p[c], with
 *   log p   logits: x[c] - log(sum over k of exp(x[k])); log-probabilities: x[c];
 *           probabilities: log(min(max(x[c], 1e-7), 1)), which is Keras' form
 *   q[c]    = w[c] ((1 - s) t[c] + s / C), where w is class_weight (or 1), s is label_smoothing, and t is the target:
 *             the class as 1 at its index, or the probabilities given; 0 without a share, even if w[c] is infinite
 *           terms with q[c] = 0 are 0, whatever p[c] is
 *   y       mean over class targets: sum of l / sum of w[class], both over the items that are not ignored; mean over
 *           probability targets: sum of l / the number of items; 0 where the divisor is 0, since nothing counts
 *           none: l, 0 for an ignored item
 *           as for glia_loss, sums may be beyond the type, and so may l of one class, but in f64
 * A class outside of 0..C-1 that is not ignored makes the call return GLIA_INVALID_ARGUMENT, with the class and its
 * index in the message; y is then unspecified.
 * x: [N,C,...]   target: classes, i32 or i64 [N,...], or probabilities, the dtype and shape of x
 * class_weight: [C] or NULL   y: scalar, or [N,...] with reduction none. Floats.
 * Source: PyTorch's CrossEntropyLoss, NLLLoss, but for the mean of nothing, which is NaN there. */
GLIA_API glia_status glia_cross_entropy(glia_context *ctx, const glia_cross_entropy_params *params,
                                        const glia_tensor *x, const glia_tensor *target,
                                        const glia_tensor *class_weight, glia_tensor *y);

/* cross_entropy from log-probabilities, whatever params->from says. */
GLIA_API glia_status glia_nll(glia_context *ctx, const glia_cross_entropy_params *params, const glia_tensor *x,
                              const glia_tensor *target, const glia_tensor *class_weight, glia_tensor *y);

#ifdef __cplusplus
}
#endif
#endif
