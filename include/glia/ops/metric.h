/* Metrics: what is counted over the batches of an epoch. Each new_... may be in the memory of its old one. */
#ifndef GLIA_OPS_METRIC_H
#define GLIA_OPS_METRIC_H

#include "glia/ops/data.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_accuracy_params {
    int k;                /* an item is right if its class is among the k best */
    bool binary;          /* each element of prediction is an item */
    double threshold;     /* of binary: 0 to 1; with logits any finite number */
    bool logits;          /* of binary: prediction is a logit, and the threshold one of its sigmoid */
    int64_t ignore_index; /* with ignore: items of this target are not counted */
    bool ignore;          /* integer targets only */
} glia_accuracy_params;

/* By class, k 1; threshold 0.5 for binary. */
GLIA_API glia_accuracy_params glia_accuracy_defaults(void);

/* new_counts = counts + {items that are right, items}.
 * By class: prediction [N,C,...] floats; target the classes, i32 or i64 [N,...], or one number for each class, of the
 * dtype and shape of prediction, whose largest (the first of equals) is the class. The item is right if fewer than k
 * classes are better than its own: those with a larger number or a NaN, and those before it with the same. A class
 * outside of 0..C-1 that is not ignored makes the call return GLIA_INVALID_ARGUMENT, as in cross_entropy.
 * Binary: prediction of any shape; target of its shape, i32, i64 or its dtype; right if prediction > threshold
 * and target > 0.5 are both true or both false. With logits it is sigmoid(prediction) > threshold: for no logit from a
 * threshold of 1 on, for each finite one from 0 down. In both, an item whose own number is NaN is wrong.
 * counts, new_counts: f64 [2]. Source: Keras' Accuracy, TopKCategoricalAccuracy and BinaryAccuracy. */
GLIA_API glia_status glia_accuracy(glia_context *ctx, const glia_accuracy_params *params, const glia_tensor *prediction,
                                   const glia_tensor *target, const glia_tensor *counts, glia_tensor *new_counts);

typedef struct glia_confusion_matrix_params {
    int64_t ignore_index; /* with ignore: items of this target are not counted */
    bool ignore;
} glia_confusion_matrix_params;

/* new_matrix = matrix, with 1 added at [target[n], c] for each n, where c is the first of the largest numbers of
 * prediction[n], or of its NaNs where it has some. A class outside of 0..C-1 is an error, as in accuracy. Counts wrap
 * at 2^63. prediction: floats [N,C]   target: i32 or i64 [N]   matrix, new_matrix: i64 [C,C]. */
GLIA_API glia_status glia_confusion_matrix(glia_context *ctx, const glia_confusion_matrix_params *params,
                                           const glia_tensor *prediction, const glia_tensor *target,
                                           const glia_tensor *matrix, glia_tensor *new_matrix);

typedef struct glia_accumulate_params {
    double factor; /* of the values */
    double weight; /* of the call, where no tensor has weights */
    int64_t by[GLIA_MAX_COUNTERS];
} glia_accumulate_params;

/* factor 1, weight 1, by 0. */
GLIA_API glia_accumulate_params glia_accumulate_defaults(void);

/* new_sums = sums + {factor times the sum of value, the sum of weight}, in f64: a weighted mean over batches of
 * different sizes is the first by the second. Values are added as they are, so that their own weights are in them.
 * value: floats of any shape   weight: f64 of any shape, or NULL: params->weight in place of its sum
 * sums, new_sums: f64 [2]. In a graph the op has a fourth input and a second output, which are optional:
 * new_counters[i] = counters[i] + by[i], as glia_increment gives them. A plan uses them where a step counts both. */
GLIA_API glia_status glia_accumulate(glia_context *ctx, const glia_accumulate_params *params, const glia_tensor *value,
                                     const glia_tensor *weight, const glia_tensor *sums, glia_tensor *new_sums);

#ifdef __cplusplus
}
#endif
#endif
