/* Splitting a dataset in two. */
#include <math.h>

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

static glia_status split(glia_dataset *dataset, const glia_split_args *args, glia_dataset **first,
                         glia_dataset **second) {
    const char *function = "glia_dataset_split";
    glia_context *ctx    = dataset->ctx;
    int64_t count        = 0;
    GLI_REQUIRE(ctx, args, GLIA_INVALID_ARGUMENT, "%s: args is NULL", function);
    GLI_TRY(first_count(dataset, args, &count));
    gli_block order;
    GLI_TRY(gli_block_alloc(ctx, (size_t)dataset->count, sizeof(int64_t), "a split", &order));
    const uint64_t seed = args->seed ? args->seed : ctx->seed;
    int64_t *samples    = order.data;
    if (args->in_order)
        for (int64_t i = 0; i < dataset->count; ++i) samples[i] = i;
    else
        gli_random_permutation((gli_random){seed, GLI_STREAM_SPLIT, 0}, dataset->count, samples);

    glia_dataset *parts[2] = {NULL, NULL};
    glia_status status     = first ? gli_dataset_view(dataset, function, samples, count, &parts[0]) : GLIA_OK;
    if (status == GLIA_OK && second)
        status =
            gli_dataset_view(dataset, function, samples ? samples + count : NULL, dataset->count - count, &parts[1]);
    gli_block_free(ctx, &order);
    if (status != GLIA_OK) {
        glia_dataset_destroy(parts[0]);
        return status;
    }
    if (first) *first = parts[0];
    if (second) *second = parts[1];
    return GLIA_OK;
}

glia_status glia_dataset_split(glia_dataset *dataset, const glia_split_args *args, glia_dataset **first,
                               glia_dataset **second) {
    GLI_REQUIRE_OBJECT(dataset);
    GLI_TRY(gli_enter(dataset->ctx));
    const glia_status status = split(dataset, args, first, second);
    gli_leave(dataset->ctx);
    return status;
}
