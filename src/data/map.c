/* Datasets whose samples a function of the user's makes of another's. */
#include "core/context_impl.h"
#include "data/dataset.h"

typedef struct mapping {
    glia_dataset *of;                 /* retained */
    bool keeps_inputs, keeps_targets; /* their memory is that of `of` */
    glia_map_fn map;
    void *user;
    void (*destroy)(void *user);
} mapping;

/* Points `made` to memory for what map writes, and `read` for what it reads, which is partly the same. */
static char *place(const gli_data_store *store, void *const *to, void **made, void **read, char *scratch) {
    const mapping *m   = store->state;
    const int n_inputs = m->of->n_inputs;
    for (int i = 0; i < store->n_inputs + store->n_targets; ++i) {
        made[i] = to[i];
        scratch = gli_place(&made[i], gli_field_bytes(&store->fields[i]), scratch);
    }
    for (int i = 0; i < gli_dataset_columns(m->of); ++i) {
        const bool kept = i < n_inputs ? m->keeps_inputs : m->keeps_targets;
        read[i]         = kept ? made[i < n_inputs ? i : i - n_inputs + store->n_inputs] : NULL;
        scratch         = gli_place(&read[i], gli_field_bytes(gli_column_field(m->of, i)), scratch);
    }
    return scratch;
}

static glia_status read_mapped(const gli_data_store *store, int64_t sample, void *const *to, char *scratch,
                               gli_reading *reading) {
    const mapping *m            = store->state;
    void *made[GLI_MAX_COLUMNS] = {0}, *read[GLI_MAX_COLUMNS] = {0};
    scratch = place(store, to, made, read, scratch);
    GLI_TRY(gli_sample_read(m->of, sample, read, scratch, reading));
    const glia_sample from   = gli_sample_begin(store, sample, m->of->n_inputs, read, reading);
    const glia_sample seen   = gli_sample_begin(store, sample, store->n_inputs, made, reading);
    const glia_status status = m->map(m->user, &from, &seen);
    return status == GLIA_OK ? GLIA_OK : gli_reading_fail(reading, status, "the dataset's map", sample);
}

static void destroy_mapping(gli_data_store *store) {
    const mapping *m = store->state;
    if (m->destroy) m->destroy(m->user);
    glia_dataset_destroy(m->of);
    gli_free(store->ctx, store->state, 1, sizeof *m);
}

static const char *name_of_mapped(const gli_data_store *store, int64_t sample) {
    return glia_dataset_sample_name(((const mapping *)store->state)->of, sample);
}

static const gli_reader map_reader = {read_mapped, destroy_mapping, name_of_mapped};

static glia_status add_field(glia_dataset *dataset, const char *function, int i, const glia_field *field) {
    GLI_TRY(gli_dataset_shape(dataset, function, i, field));
    return gli_dataset_name(dataset, function, i, field->name);
}

/* The fields given, or those of the dataset. */
static glia_status describe(glia_dataset *dataset, const char *function, const glia_dataset *of,
                            const glia_map_args *args) {
    for (int i = 0; i < dataset->n_inputs; ++i) {
        const glia_field field = args->n_inputs ? args->inputs[i] : glia_dataset_input(of, i);
        GLI_TRY(add_field(dataset, function, i, &field));
        if (!args->n_inputs) gli_byte_scales_copy(gli_column_field(of, i), &gli_own_store(dataset)->fields[i]);
    }
    for (int i = 0; i < dataset->n_targets; ++i) {
        const glia_field field = args->n_targets ? args->targets[i] : glia_dataset_target(of, i);
        gli_data_field *to     = &gli_own_store(dataset)->fields[dataset->n_inputs + i];
        GLI_TRY(add_field(dataset, function, dataset->n_inputs + i, &field));
        if (!args->n_targets) GLI_TRY(gli_class_names_copy(dataset->ctx, gli_column_field(of, of->n_inputs + i), to));
    }
    return GLIA_OK;
}

static glia_status fill(glia_dataset *dataset, const char *function, glia_dataset *of, const glia_map_args *args) {
    gli_data_store *store = gli_own_store(dataset);
    GLI_TRY(describe(dataset, function, of, args));
    GLI_TRY(gli_new(dataset->ctx, 1, sizeof(mapping), "a map", &store->state));
    store->reader            = &map_reader;
    *(mapping *)store->state = (mapping){.of            = of,
                                         .keeps_inputs  = args->n_inputs == 0,
                                         .keeps_targets = args->n_targets == 0,
                                         .map           = args->map,
                                         .user          = args->user,
                                         .destroy       = args->destroy};
    store->scratch           = gli_data_store_bytes(store) + gli_dataset_bytes(of) + gli_dataset_scratch(of);
    store->concurrent        = args->concurrent && gli_dataset_is_concurrent(of);
    store->depth             = 1 + gli_dataset_depth(of);
    gli_dataset_retain(of);
    return GLIA_OK;
}

static glia_status map_dataset(glia_dataset *of, const glia_map_args *args, glia_dataset **out) {
    const char *function = "glia_dataset_map";
    glia_context *ctx    = of->ctx;
    GLI_REQUIRE(ctx, args && out, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", function, args ? "out" : "args");
    GLI_REQUIRE(ctx, args->map, GLIA_INVALID_ARGUMENT, "%s: map is NULL", function);
    GLI_REQUIRE(ctx, (args->inputs != NULL) == (args->n_inputs != 0), GLIA_INVALID_ARGUMENT,
                "%s: inputs is %s, n_inputs is %d", function, args->inputs ? "given" : "NULL", args->n_inputs);
    GLI_REQUIRE(ctx, (args->targets != NULL) == (args->n_targets != 0), GLIA_INVALID_ARGUMENT,
                "%s: targets is %s, n_targets is %d", function, args->targets ? "given" : "NULL", args->n_targets);
    const int n_inputs = args->inputs ? args->n_inputs : of->n_inputs;
    glia_dataset *dataset;
    GLI_TRY(
        gli_dataset_new(ctx, function, of->count, n_inputs, args->targets ? args->n_targets : of->n_targets, &dataset));
    const glia_status status = fill(dataset, function, of, args);
    if (status != GLIA_OK) return glia_dataset_destroy(dataset), status;
    *out = dataset;
    return GLIA_OK;
}

glia_status glia_dataset_map(glia_dataset *dataset, const glia_map_args *args, glia_dataset **out) {
    GLI_REQUIRE_OBJECT(dataset);
    GLI_TRY(gli_enter(dataset->ctx));
    const glia_status status = map_dataset(dataset, args, out);
    gli_leave(dataset->ctx);
    return status;
}
