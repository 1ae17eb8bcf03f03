/* Datasets whose samples a function of the user's makes. */
#include "core/context_impl.h"
#include "core/tensor_impl.h"
#include "data/dataset.h"

typedef struct source_state {
    glia_read_fn read;
    void *user;
    void (*destroy)(void *user);
    const char *(*sample_name)(void *user, int64_t index);
} source_state;

static glia_status read_source(const gli_data_store *store, int64_t sample, void *const *to, char *scratch,
                               gli_reading *reading) {
    const source_state *s     = store->state;
    void *of[GLI_MAX_COLUMNS] = {0};
    for (int i = 0; i < store->n_inputs + store->n_targets; ++i) {
        of[i]   = to[i];
        scratch = gli_place(&of[i], gli_field_bytes(&store->fields[i]), scratch);
    }
    const glia_sample seen   = gli_sample_begin(store, sample, store->n_inputs, of, reading);
    const glia_status status = s->read(s->user, &seen);
    return status == GLIA_OK ? GLIA_OK : gli_reading_fail(reading, status, "the dataset's source", sample);
}

static void destroy_source(gli_data_store *store) {
    const source_state *s = store->state;
    if (s->destroy) s->destroy(s->user);
    gli_free(store->ctx, store->state, 1, sizeof *s);
}

static const char *name_of_source(const gli_data_store *store, int64_t sample) {
    const source_state *s = store->state;
    return s->sample_name ? s->sample_name(s->user, sample) : NULL;
}

static const gli_reader source_reader = {read_source, destroy_source, name_of_source};

static glia_status fill(glia_dataset *dataset, const char *function, const glia_source *given) {
    gli_data_store *store = gli_own_store(dataset);
    store->reader         = &source_reader;
    GLI_TRY(gli_new(dataset->ctx, 1, sizeof(source_state), "a source", &store->state));
    GLI_TRY(gli_dataset_describe_all(dataset, function, given->inputs, given->targets));
    *(source_state *)store->state = (source_state){given->read, given->user, given->destroy, given->sample_name};
    store->scratch                = gli_data_store_bytes(store);
    store->concurrent             = given->concurrent;
    store->depth                  = 1;
    return GLIA_OK;
}

static glia_status from_source(glia_context *ctx, const glia_source *given, glia_dataset **out) {
    const char *function = "glia_dataset_from_source";
    GLI_REQUIRE(ctx, given && out, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", function, given ? "out" : "source");
    GLI_REQUIRE(ctx, given->inputs && (given->targets || given->n_targets == 0), GLIA_INVALID_ARGUMENT,
                "%s: %s is NULL", function, given->inputs ? "targets" : "inputs");
    GLI_REQUIRE(ctx, given->read, GLIA_INVALID_ARGUMENT, "%s: read is NULL", function);
    glia_dataset *dataset;
    GLI_TRY(gli_dataset_new(ctx, function, given->count, given->n_inputs, given->n_targets, &dataset));
    const glia_status status = fill(dataset, function, given);
    if (status != GLIA_OK) return glia_dataset_destroy(dataset), status;
    *out = dataset;
    return GLIA_OK;
}

glia_status glia_dataset_from_source(glia_context *ctx, const glia_source *source, glia_dataset **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = from_source(ctx, source, out);
    gli_leave(ctx);
    return status;
}

static glia_status set_workers(glia_dataset *dataset, int workers, int batches) {
    enum { MAX_WORKERS = 256, MAX_BATCHES = 1024, DEFAULT_BATCHES = 2 };
    const char *function = "glia_dataset_set_workers";
    GLI_REQUIRE(dataset->ctx, workers >= 0 && workers <= MAX_WORKERS && batches >= 0 && batches <= MAX_BATCHES,
                GLIA_INVALID_ARGUMENT, "%s: workers is %d, must be 0 to %d; batches is %d, must be 0 to %d", function,
                workers, MAX_WORKERS, batches, MAX_BATCHES);
    GLI_REQUIRE(dataset->ctx, workers == 0 || gli_dataset_is_concurrent(dataset), GLIA_INVALID_ARGUMENT,
                "%s: workers is %d, but a source or a map of the dataset is not concurrent", function, workers);
    dataset->workers = workers;
    dataset->ahead   = batches ? batches : DEFAULT_BATCHES;
    return GLIA_OK;
}

glia_status glia_dataset_set_workers(glia_dataset *dataset, int workers, int batches) {
    GLI_REQUIRE_OBJECT(dataset);
    GLI_TRY(gli_enter(dataset->ctx));
    const glia_status status = set_workers(dataset, workers, batches);
    gli_leave(dataset->ctx);
    return status;
}
