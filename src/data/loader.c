/* Batches of a dataset, epoch by epoch. */
#include "data/loader.h"

#include "core/context_impl.h"
#include "core/philox.h"
#include "core/size.h"
#include "data/augmented.h"
#include "data/balance.h"
#include "data/prefetch.h"

glia_status gli_loader_create(glia_dataset *dataset, const gli_loader_args *args, gli_loader *out) {
    GLI_REQUIRE(dataset->ctx, args->batch_size >= 1, GLIA_INVALID_ARGUMENT, "batch size is %lld, must be at least 1",
                (long long)args->batch_size);
    gli_loader loader = {.dataset = dataset, .args = *args, .workers = dataset->workers, .ahead = dataset->ahead};
    gli_dataset_retain(dataset); /* its source may destroy it while labels are read */
    glia_status status = args->balanced ? gli_balance_create(gli_dataset_kept(dataset), &loader.balance) : GLIA_OK;
    if (status == GLIA_OK)
        status = gli_block_alloc(dataset->ctx, (size_t)dataset->count, sizeof(int64_t), "the order of the samples",
                                 &loader.order);
    if (status != GLIA_OK) return gli_loader_destroy(&loader), status;
    gli_loader_begin(&loader, 0);
    *out = loader;
    return GLIA_OK;
}

void gli_loader_destroy(gli_loader *loader) {
    if (!loader->dataset) return;
    gli_prefetch_destroy(loader->prefetch);
    gli_balance_destroy(loader->balance);
    gli_block_free(loader->dataset->ctx, &loader->order);
    gli_block_free(loader->dataset->ctx, &loader->order_ahead);
    glia_dataset_destroy(loader->dataset);
    *loader = (gli_loader){0};
}

int64_t gli_loader_samples(const gli_loader *loader) {
    const int64_t count = loader->dataset->count;
    return loader->args.drop_last ? count - count % loader->args.batch_size : count;
}

int64_t gli_loader_batches(const gli_loader *loader) {
    return gli_divide_up(gli_loader_samples(loader), loader->args.batch_size);
}

/* NULL in a process that was forked: its workers are in the other one. */
static gli_prefetch *prefetch_here(gli_loader *loader) {
    if (loader->prefetch && gli_prefetch_is_forked(loader->prefetch)) {
        gli_prefetch_destroy(loader->prefetch);
        loader->prefetch = NULL;
    }
    return loader->prefetch;
}

static void make_order(gli_loader *loader, uint32_t epoch, int64_t *order) {
    const int64_t count = loader->dataset->count;
    if (loader->balance)
        gli_balance_order(loader->balance, loader->args.seed, epoch, order);
    else if (loader->args.shuffle)
        gli_random_permutation((gli_random){loader->args.seed, GLI_STREAM_SHUFFLE, epoch}, count, order);
    else
        for (int64_t i = 0; i < count; ++i) order[i] = i;
}

/* Without memory for the order ahead, it is made when its epoch begins. */
void gli_loader_prepare(gli_loader *loader, uint32_t epoch) {
    glia_context *ctx = loader->dataset->ctx;
    if (!loader->args.shuffle) return;
    if (!loader->order_ahead.data && gli_block_alloc(ctx, (size_t)loader->dataset->count, sizeof(int64_t),
                                                     "the order of the samples", &loader->order_ahead) != GLIA_OK) {
        gli_forget_failure(ctx);
        return;
    }
    loader->epoch_ahead = epoch;
    make_order(loader, epoch, loader->order_ahead.data);
}

void gli_loader_begin(gli_loader *loader, uint32_t epoch) {
    if (prefetch_here(loader)) gli_prefetch_halt(loader->prefetch);
    if (loader->order_ahead.data && loader->epoch_ahead == epoch) {
        const gli_block ahead = loader->order_ahead;
        loader->order_ahead   = loader->order;
        loader->order         = ahead;
        loader->epoch_ahead   = loader->epoch;
    } else {
        make_order(loader, epoch, loader->order.data);
    }
    loader->epoch = epoch;
    loader->next  = 0;
}

int64_t gli_loader_peek(const gli_loader *loader) {
    return gli_min_i64(loader->args.batch_size, gli_loader_samples(loader) - loader->next);
}

glia_status gli_loader_gather(const gli_loader *loader, int64_t first, int64_t n, glia_tensor *const *inputs,
                              glia_tensor *const *targets) {
    const int64_t *order = loader->order.data;
    return gli_dataset_gather(loader->dataset, loader->epoch, order + first, n, inputs, targets);
}

/* The workers, at the next batch; *out is NULL if there are none. */
static glia_status start_workers(gli_loader *loader, int columns, gli_prefetch **out) {
    *out = NULL;
    if (loader->workers == 0) return GLIA_OK;
    if (!prefetch_here(loader)) {
        GLI_TRY(gli_prefetch_create(loader->dataset, loader->workers, loader->ahead, loader->args.batch_size,
                                    &loader->prefetch));
        if (!loader->prefetch) loader->workers = 0;
    }
    *out = loader->prefetch;
    if (!*out || gli_prefetch_position(*out, loader->epoch, columns) == loader->next) return GLIA_OK;
    gli_prefetch_begin(*out, &(gli_prefetch_range){.epoch   = loader->epoch,
                                                   .order   = loader->order.data,
                                                   .first   = loader->next,
                                                   .end     = gli_loader_samples(loader),
                                                   .columns = columns});
    return GLIA_OK;
}

glia_status gli_loader_next(gli_loader *loader, glia_tensor *const *inputs, glia_tensor *const *targets) {
    const glia_dataset *dataset = loader->dataset;
    const int64_t n             = gli_loader_peek(loader);
    gli_prefetch *prefetch;
    if (n == 0) return GLIA_OK;
    GLI_TRY(gli_dataset_check_batch(dataset, "the next batch", n, inputs, targets));
    GLI_TRY(start_workers(loader, targets ? gli_dataset_columns(dataset) : dataset->n_inputs, &prefetch));
    GLI_TRY(prefetch ? gli_prefetch_next(prefetch, n, inputs, targets)
                     : gli_loader_gather(loader, loader->next, n, inputs, targets));
    loader->next += n;
    return GLIA_OK;
}

void gli_loader_skip(gli_loader *loader) { loader->next += gli_loader_peek(loader); }
