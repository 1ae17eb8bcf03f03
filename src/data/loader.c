/* Batches of a dataset, epoch by epoch. */
#include "data/loader.h"

#include "core/context_impl.h"
#include "core/size.h"
#include "data/dataset.h"

glia_status gli_loader_create(glia_dataset *dataset, const gli_loader_args *args, gli_loader *out) {
    GLI_REQUIRE(dataset->ctx, args->batch_size >= 1, GLIA_INVALID_ARGUMENT, "batch size is %lld, must be at least 1",
                (long long)args->batch_size);
    gli_loader loader = {.dataset = dataset, .args = *args};
    GLI_TRY(gli_block_alloc(dataset->ctx, (size_t)dataset->count, sizeof(int64_t), "the order of the samples",
                            &loader.order));
    gli_dataset_retain(dataset);
    gli_loader_begin(&loader, 0);
    *out = loader;
    return GLIA_OK;
}

void gli_loader_destroy(gli_loader *loader) {
    if (!loader->dataset) return;
    gli_block_free(loader->dataset->ctx, &loader->order);
    glia_dataset_destroy(loader->dataset);
    *loader = (gli_loader){0};
}

int64_t gli_loader_batches(const gli_loader *loader) {
    const int64_t count = loader->dataset->count, size = loader->args.batch_size;
    return count / size + (count % size != 0 && !loader->args.drop_last);
}

void gli_loader_begin(gli_loader *loader, uint32_t epoch) {
    const int64_t count = loader->dataset->count;
    int64_t *order      = loader->order.data;
    loader->epoch       = epoch;
    loader->next        = 0;
    if (loader->args.shuffle)
        gli_random_permutation((gli_random){loader->args.seed, GLI_STREAM_SHUFFLE, epoch}, count, order);
    else
        for (int64_t i = 0; i < count; ++i) order[i] = i;
}

int64_t gli_loader_peek(const gli_loader *loader) {
    const int64_t size = loader->args.batch_size, left = loader->dataset->count - loader->next;
    return loader->args.drop_last && left < size ? 0 : gli_min_i64(left, size);
}

glia_status gli_loader_gather(const gli_loader *loader, int64_t first, int64_t n, glia_tensor *const *inputs,
                              glia_tensor *const *targets) {
    const int64_t *order = loader->order.data;
    return gli_dataset_gather(loader->dataset, loader->epoch, order + first, n, inputs, targets);
}

glia_status gli_loader_next(gli_loader *loader, glia_tensor *const *inputs, glia_tensor *const *targets) {
    const int64_t n = gli_loader_peek(loader);
    if (n == 0) return GLIA_OK;
    GLI_TRY(gli_dataset_check_batch(loader->dataset, "the next batch", n, inputs, targets));
    GLI_TRY(gli_loader_gather(loader, loader->next, n, inputs, targets));
    loader->next += n;
    return GLIA_OK;
}

void gli_loader_skip(gli_loader *loader) { loader->next += gli_loader_peek(loader); }
