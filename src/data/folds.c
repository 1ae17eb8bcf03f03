/* The folds of a cross-validation. */
#include <stdlib.h>

#include "core/context_impl.h"
#include "core/philox.h"
#include "data/dataset.h"

/* ---- Samples by their classes ---- */

typedef struct labelled {
    int64_t label, position, sample;
} labelled;

static int by_label(const void *a, const void *b) {
    const labelled *x = a, *y = b;
    if (x->label != y->label) return x->label < y->label ? -1 : 1;
    return (x->position > y->position) - (x->position < y->position);
}

glia_status gli_dataset_sort_by_class(const glia_dataset *dataset, const char *function, int target, int64_t *samples) {
    const int64_t n  = dataset->count;
    gli_block labels = {0}, block = {0};
    GLI_TRY(gli_dataset_labels(dataset, function, target, &labels));
    const glia_status status =
        gli_block_alloc(dataset->ctx, (size_t)n, sizeof(labelled), "samples by their classes", &block);
    if (status == GLIA_OK) {
        labelled *sorted = block.data;
        for (int64_t i = 0; i < n; ++i)
            sorted[i] = (labelled){((const int64_t *)labels.data)[samples[i]], i, samples[i]};
        if (n > 1) qsort(sorted, (size_t)n, sizeof *sorted, by_label);
        for (int64_t i = 0; i < n; ++i) samples[i] = sorted[i].sample;
    }
    gli_block_free(dataset->ctx, &labels);
    gli_block_free(dataset->ctx, &block);
    return status;
}

/* ---- Folds ---- */

static glia_status check(const glia_dataset *dataset, const char *function, const glia_folds_args *args, int fold) {
    glia_context *ctx = dataset->ctx;
    GLI_REQUIRE(ctx, args, GLIA_INVALID_ARGUMENT, "%s: args is NULL", function);
    GLI_REQUIRE(ctx, args->folds >= 2 && args->folds <= dataset->count, GLIA_INVALID_ARGUMENT,
                "%s: folds is %d, must be 2 to the dataset's %lld samples", function, args->folds,
                (long long)dataset->count);
    GLI_REQUIRE(ctx, fold >= 0 && fold < args->folds, GLIA_INVALID_ARGUMENT, "%s: fold is %d, must be 0 to %d",
                function, fold, args->folds - 1);
    GLI_REQUIRE(ctx, !args->stratified || !args->in_order, GLIA_INVALID_ARGUMENT,
                "%s: stratified and in_order cannot both be given", function);
    return GLIA_OK;
}

/* Which samples are in the fold. Dealing them one by one, in the order of their classes, gives each fold as many of
 * each class, and as many in all, or one more. */
static glia_status mark(const glia_dataset *dataset, const char *function, const glia_folds_args *args, int fold,
                        int64_t *samples, bool *held) {
    const int64_t n = dataset->count;
    if (args->in_order) {
        for (int64_t i = 0; i < n; ++i) held[i] = i >= n * fold / args->folds && i < n * (fold + 1) / args->folds;
        return GLIA_OK;
    }
    const uint64_t seed = args->seed ? args->seed : dataset->ctx->seed;
    gli_random_permutation((gli_random){seed, GLI_STREAM_FOLDS, 0}, n, samples);
    if (args->stratified) GLI_TRY(gli_dataset_sort_by_class(dataset, function, args->target, samples));
    for (int64_t i = 0; i < n; ++i) held[samples[i]] = i % args->folds == fold;
    return GLIA_OK;
}

/* The samples to train on, then those that are held out. Returns how many the first are. */
static int64_t divide(int64_t n, const bool *held, int64_t *samples) {
    int64_t train = 0, at = 0;
    for (int64_t i = 0; i < n; ++i) train += !held[i];
    for (int64_t i = 0, kept = 0; i < n; ++i) samples[held[i] ? train + at++ : kept++] = i;
    return train;
}

static glia_status make_fold(const glia_dataset *dataset, const glia_folds_args *args, int fold, glia_dataset **train,
                             glia_dataset **held_out) {
    const char *function = "glia_dataset_fold";
    const size_t n       = (size_t)dataset->count;
    gli_block order = {0}, marks = {0};
    GLI_TRY(check(dataset, function, args, fold));
    GLI_TRY(gli_block_alloc(dataset->ctx, n, sizeof(int64_t), "a fold", &order));
    glia_status status = gli_block_alloc(dataset->ctx, n, sizeof(bool), "a fold", &marks);
    if (status == GLIA_OK) status = mark(dataset, function, args, fold, order.data, marks.data);
    if (status == GLIA_OK) {
        const int64_t count = divide(dataset->count, marks.data, order.data);
        status              = gli_dataset_two_views(dataset, function, order.data, count, train, held_out);
    }
    gli_block_free(dataset->ctx, &order);
    gli_block_free(dataset->ctx, &marks);
    return status;
}

glia_status glia_dataset_fold(glia_dataset *dataset, const glia_folds_args *args, int fold, glia_dataset **train,
                              glia_dataset **held_out) {
    GLI_REQUIRE_OBJECT(dataset);
    GLI_TRY(gli_dataset_call_begin(dataset));
    return gli_dataset_call_end(dataset, make_fold(dataset, args, fold, train, held_out));
}
