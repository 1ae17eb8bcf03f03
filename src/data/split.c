/* Splitting a dataset in two. */
#include <math.h>

#include "core/context_impl.h"
#include "data/dataset.h"
#include "data/loader.h"

/* A dataset of the samples order[0 .. count-1]. */
static glia_status make_view(glia_dataset *dataset, const int64_t *order, int64_t count, glia_dataset **out) {
    glia_dataset *root = dataset->root ? dataset->root : dataset, *view;
    GLI_TRY(gli_dataset_new(dataset->ctx, "glia_dataset_split", count, dataset->n_inputs, dataset->n_targets, &view));
    const glia_status status = gli_block_alloc(dataset->ctx, (size_t)count, sizeof(int64_t), "a split", &view->order);
    if (status != GLIA_OK) {
        glia_dataset_destroy(view);
        return status;
    }
    const int64_t *of_root = dataset->order.data;
    int64_t *to            = view->order.data;
    for (int64_t i = 0; i < count; ++i) to[i] = of_root ? of_root[order[i]] : order[i];
    view->root = root;
    gli_dataset_retain(root);
    *out = view;
    return GLIA_OK;
}

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
    glia_context *ctx = dataset->ctx;
    int64_t count     = 0;
    GLI_REQUIRE(ctx, args, GLIA_INVALID_ARGUMENT, "glia_dataset_split: args is NULL");
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
    glia_status status     = first ? make_view(dataset, samples, count, &parts[0]) : GLIA_OK;
    if (status == GLIA_OK && second)
        status = make_view(dataset, samples ? samples + count : NULL, dataset->count - count, &parts[1]);
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
