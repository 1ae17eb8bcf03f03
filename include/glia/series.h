/* Sequences and time series: padding to one length, sliding windows, scaling with statistics of the training part.
 *
 * A series is a table in memory, dense and row-major: a row for each step, a column for each feature. A part of it,
 * such as the first steps for training, is the same table with another address or fewer steps. */
#ifndef GLIA_SERIES_H
#define GLIA_SERIES_H

#include "glia/data.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_series {
    glia_dtype dtype;   /* f32 or f64 */
    const void *values; /* [steps, features] */
    int64_t steps, features;
    bool allow_nan; /* NaN is a value that is missing. Otherwise it is GLIA_NOT_FINITE, with its step and feature, as an
                       infinite value always is */
} glia_series;

/* Scaling of one feature: x becomes (x - center) / scale. Save it with the weights of the model that was trained on the
 * scaled series. */
typedef struct glia_scaler {
    double center, scale;
} glia_scaler;

typedef enum glia_scaling {
    GLIA_SCALE_STANDARD, /* center and scale are mean and standard deviation (of all steps, not of a sample of them) */
    GLIA_SCALE_MIN_MAX   /* the smallest value becomes low, the largest high */
} glia_scaling;

typedef struct glia_scaler_args {
    glia_scaling kind;
    double low, high; /* of GLIA_SCALE_MIN_MAX; both 0: 0 and 1 */
} glia_scaler_args;

/* Writes a scaler for each feature. Fit them to the training part only: the other parts stand for data that is not
 * known yet. NaN is left out, where it is allowed. A feature that is constant is not scaled: scale is 1. args may be
 * NULL. Errors: no steps, or a feature of NaN only. */
GLIA_API glia_status glia_scaler_fit(glia_context *ctx, const glia_series *series, const glia_scaler_args *args,
                                     glia_scaler *scalers);

/* Scales a series, or predictions back, with a scaler for each of its features. out has the shape and dtype of
 * series->values, and may be the same memory. NaN stays NaN, where it is allowed. Where a value would be out of range
 * for the dtype, out stays as it is. */
GLIA_API glia_status glia_scaler_transform(glia_context *ctx, const glia_series *series, const glia_scaler *scalers,
                                           void *out);
GLIA_API glia_status glia_scaler_inverse(glia_context *ctx, const glia_series *series, const glia_scaler *scalers,
                                         void *out);

/* The same for the numbers of a dataset's field, an input or else a target, which is f32 or f64: a scaler for each
 * number of a sample, n in all, such as those of "features" of a table. Fit them to the dataset that is trained on. NaN
 * and infinite values are GLIA_NOT_FINITE. Samples are read once, as of epoch 0. */
GLIA_API glia_status glia_scaler_fit_field(glia_dataset *dataset, const char *field, const glia_scaler_args *args,
                                           glia_scaler *scalers, int64_t n);

/* A dataset with that field scaled, in f32: the part that the scalers were fitted to, or another one. The scaled
 * numbers are computed once, and kept; all else is a view. */
GLIA_API glia_status glia_dataset_scale_field(glia_dataset *dataset, const char *field, const glia_scaler *scalers,
                                              int64_t n, glia_dataset **out);

typedef struct glia_windows_args {
    int64_t window;         /* steps of an input, at least 1 */
    int64_t horizon;        /* steps of a target; default 1 */
    int64_t gap;            /* steps between the window and its target */
    int64_t stride;         /* from the beginning of a window to that of the next; default 1 */
    const int64_t *targets; /* the features that are predicted; NULL: all */
    int64_t n_targets;
    bool keep_steps; /* targets are [horizon, n_targets], otherwise vectors [horizon n_targets] with the same content */
    bool copy;       /* take a copy of the series; otherwise it must outlive the dataset and its splits, and stay as it
                        is: a GPU may keep what it holds */
} glia_windows_args;

/* A sample for each window that the series has with its gap and its target: an input "window" [window, features] and a
 * target "horizon", both f32. The windows share the series' memory: only batches are copied. Two windows that overlap
 * share steps: to judge a model, make datasets of separate parts of the series rather than splitting one at
 * random. */
GLIA_API glia_status glia_dataset_from_series(glia_context *ctx, const glia_series *series,
                                              const glia_windows_args *args, glia_dataset **out);

typedef struct glia_token_windows_args {
    int64_t length; /* tokens of a sample, at least 1 */
    int64_t stride; /* from the beginning of a sample to that of the next; default: length */
    bool last;      /* the target is the one token that follows the input, a scalar */
    bool copy;      /* as in glia_windows_args */
} glia_token_windows_args;

/* Samples for a language model from `count` indices, i32 or i64, one after the other: an input "tokens" [length], and a
 * target "next" [length], the same one token later. */
GLIA_API glia_status glia_dataset_from_tokens(glia_context *ctx, glia_dtype dtype, const void *tokens, int64_t count,
                                              const glia_token_windows_args *args, glia_dataset **out);

typedef struct glia_skip_grams_args {
    int window;         /* tokens on each side of one that belong to it; default 5 */
    int negatives;      /* drawn for each pair; default 5, -1: none */
    double power;       /* a token is drawn as its count to this power; default 0.75 */
    int64_t vocabulary; /* indices are below it */
    int64_t ignored;    /* indices below it, of padding and unknown for instance, are in no pair */
    bool copy;          /* as in glia_windows_args */
} glia_skip_grams_args;

/* Samples to learn vectors of words from, of `count` indices, i32 or i64, one after the other: inputs "center" and
 * "context", i64 scalars, and a target "label", f32 [1]: 1 for two tokens that stand within a window, and behind each
 * such pair `negatives` of 0, whose context is drawn, anew in each epoch, and is not that of the pair.
 * Source: Mikolov, Sutskever, Chen, Corrado, Dean, "Distributed representations of words and phrases", 2013. */
GLIA_API glia_status glia_dataset_from_skip_grams(glia_context *ctx, glia_dtype dtype, const void *tokens,
                                                  int64_t count, const glia_skip_grams_args *args, glia_dataset **out);

/* One of several sequences of unequal length. */
typedef struct glia_sequence {
    const void *data; /* [length, features] */
    int64_t length;
} glia_sequence;

typedef enum glia_sequence_end { GLIA_SEQUENCE_END, GLIA_SEQUENCE_START } glia_sequence_end;

typedef struct glia_pad_sequences_args {
    glia_dtype dtype;                /* f32, f64, i32 or i64 */
    int64_t length;                  /* of all; 0: the longest one's */
    int64_t features;                /* elements of a step; default 1 */
    glia_sequence_end pad, truncate; /* where padding is added, and where steps are cut off */
    double value;                    /* of padding; NaN and infinities too, in floats */
} glia_pad_sequences_args;

/* Writes the sequences to out, [count, length, features] with that many bytes, and to lengths how many steps each has
 * there, as recurrent layers take them, unless lengths is NULL. */
GLIA_API glia_status glia_pad_sequences(glia_context *ctx, const glia_sequence *sequences, int64_t count,
                                        const glia_pad_sequences_args *args, void *out, size_t bytes, int32_t *lengths);

#ifdef __cplusplus
}
#endif
#endif
