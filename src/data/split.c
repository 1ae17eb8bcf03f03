/* Splitting a dataset in two. */
#include <math.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/philox.h"
#include "data/dataset.h"

static glia_status first_count(const glia_dataset *dataset, const glia_split_args *args, int64_t *out) {
    glia_context *ctx = dataset->ctx;
    GLI_REQUIRE(ctx, args->count >= 0 && args->count <= dataset->count, GLIA_INVALID_ARGUMENT,
                "glia_dataset_split: count is %lld, must be 0 to the dataset's %lld", (long long)args->count,
                (long long)dataset->count);
    GLI_REQUIRE(ctx, args->fraction >= 0 && args->fraction <= 1, GLIA_INVALID_ARGUMENT,
                "glia_dataset_split: fraction is %g, must be 0 to 1", args->fraction);
    GLI_REQUIRE(ctx, args->count == 0 || args->fraction == 0, GLIA_INVALID_ARGUMENT,
                "glia_dataset_split: count is %lld and fraction is %g, only one may be given", (long long)args->count,
                args->fraction);
    *out = args->count ? args->count : (int64_t)floor(args->fraction * (double)dataset->count + 0.5);
    return GLIA_OK;
}

/* Of samples in the order of their classes each part takes evenly, and so of each class. Moves the first part's to the
 * front; both keep the order of `drawn`. */
static glia_status stratify(const glia_dataset *dataset, const char *function, int target, int64_t count,
                            int64_t *samples) {
    glia_context *ctx = dataset->ctx;
    gli_block drawn = {0}, marks = {0};
    const uint64_t n = (uint64_t)dataset->count, first = (uint64_t)count;
    GLI_TRY(gli_block_alloc(ctx, n, sizeof(int64_t), "a split", &drawn));
    glia_status status = gli_block_alloc(ctx, n, sizeof(bool), "a split", &marks);
    if (status == GLIA_OK && n > 0) memcpy(drawn.data, samples, drawn.bytes);
    if (status == GLIA_OK) status = gli_dataset_sort_by_class(dataset, function, target, samples);
    if (status == GLIA_OK) {
        const int64_t *order = drawn.data;
        bool *is_first       = marks.data;
        int64_t *to[2]       = {samples + count, samples};
        for (uint64_t i = 0; i < n; ++i) is_first[samples[i]] = (i + 1) * first / n > i * first / n;
        for (uint64_t i = 0; i < n; ++i) *to[is_first[order[i]]]++ = order[i];
    }
    gli_block_free(ctx, &drawn);
    gli_block_free(ctx, &marks);
    return status;
}

static glia_status draw(const glia_dataset *dataset, const char *function, const glia_split_args *args, int64_t count,
                        int64_t *samples) {
    const uint64_t seed = args->seed ? args->seed : dataset->ctx->seed;
    if (args->in_order)
        for (int64_t i = 0; i < dataset->count; ++i) samples[i] = i;
    else
        gli_random_permutation((gli_random){seed, GLI_STREAM_SPLIT, 0}, dataset->count, samples);
    return args->stratified ? stratify(dataset, function, args->target, count, samples) : GLIA_OK;
}

static glia_status split(glia_dataset *dataset, const glia_split_args *args, glia_dataset **first,
                         glia_dataset **second) {
    const char *function = "glia_dataset_split";
    glia_context *ctx    = dataset->ctx;
    int64_t count        = 0;
    GLI_REQUIRE(ctx, args, GLIA_INVALID_ARGUMENT, "%s: args is NULL", function);
    GLI_REQUIRE(ctx, !args->stratified || !args->in_order, GLIA_INVALID_ARGUMENT,
                "%s: stratified and in_order cannot both be given", function);
    GLI_TRY(first_count(dataset, args, &count));
    gli_block order;
    GLI_TRY(gli_block_alloc(ctx, (size_t)dataset->count, sizeof(int64_t), "a split", &order));
    glia_status status = draw(dataset, function, args, count, order.data);
    if (status == GLIA_OK) status = gli_dataset_two_views(dataset, function, order.data, count, first, second);
    gli_block_free(ctx, &order);
    return status;
}

glia_status glia_dataset_split(glia_dataset *dataset, const glia_split_args *args, glia_dataset **first,
                               glia_dataset **second) {
    GLI_REQUIRE_OBJECT(dataset);
    GLI_TRY(gli_dataset_call_begin(dataset));
    return gli_dataset_call_end(dataset, split(dataset, args, first, second));
}
