#include "data/loader.h"

#include "core/context_impl.h"
#include "core/size.h"
#include "data/dataset.h"

glia_status glia_loader_create(glia_dataset *dataset, const glia_loader_args *args, glia_loader *out) {
    GLIA_REQUIRE(dataset->ctx, args->batch_size >= 1, GLIA_INVALID_ARGUMENT, "batch size is %lld, must be at least 1",
                 (long long)args->batch_size);
    glia_loader loader = {.dataset = dataset, .args = *args};
    GLIA_TRY(glia_block_alloc(dataset->ctx, (size_t)dataset->count, sizeof(int64_t), "the order of the samples",
                              &loader.order));
    glia_dataset_retain(dataset);
    glia_loader_begin(&loader, 0);
    *out = loader;
    return GLIA_OK;
}

void glia_loader_destroy(glia_loader *loader) {
    if (!loader->dataset) return;
    glia_block_free(loader->dataset->ctx, &loader->order);
    glia_dataset_destroy(loader->dataset);
    *loader = (glia_loader){0};
}

int64_t glia_loader_batches(const glia_loader *loader) {
    const int64_t count = loader->dataset->count, size = loader->args.batch_size;
    return count / size + (count % size != 0 && !loader->args.drop_last);
}

void glia_loader_begin(glia_loader *loader, uint32_t epoch) {
    const int64_t count = loader->dataset->count;
    int64_t *order      = loader->order.data;
    loader->next        = 0;
    if (loader->args.shuffle)
        glia_random_permutation((glia_random){loader->args.seed, GLIA_STREAM_SHUFFLE, epoch}, count, order);
    else
        for (int64_t i = 0; i < count; ++i) order[i] = i;
}

int64_t glia_loader_peek(const glia_loader *loader) {
    const int64_t size = loader->args.batch_size, left = loader->dataset->count - loader->next;
    return loader->args.drop_last && left < size ? 0 : glia_min_i64(left, size);
}

glia_status glia_loader_next(glia_loader *loader, glia_tensor *const *inputs, glia_tensor *const *targets) {
    const int64_t n      = glia_loader_peek(loader);
    const int64_t *order = loader->order.data;
    if (n == 0) return GLIA_OK;
    GLIA_TRY(glia_dataset_check_batch(loader->dataset, "the next batch", n, inputs, targets));
    GLIA_TRY(glia_dataset_gather(loader->dataset, order + loader->next, n, inputs, targets));
    loader->next += n;
    return GLIA_OK;
}

void glia_loader_skip(glia_loader *loader) { loader->next += glia_loader_peek(loader); }
