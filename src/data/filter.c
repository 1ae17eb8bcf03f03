/* The samples of a dataset that a function of the user's keeps. */
#include "core/context_impl.h"
#include "data/dataset.h"

/* A sample as the function sees it; its number is that in the dataset. */
static glia_sample sample_of(const gli_cursor *cursor, int64_t index, char *message) {
    message[0] = 0;
    return (glia_sample){
        .index = index, .inputs = cursor->to, .targets = cursor->to + cursor->dataset->n_inputs, .message = message};
}

/* Writes the numbers of the samples to keep. */
static glia_status find_samples(gli_cursor *cursor, glia_keep_fn keep, void *user, int64_t *kept, int64_t *n) {
    glia_context *ctx = cursor->dataset->ctx;
    gli_reading *r    = &cursor->reading;
    *n                = 0;
    for (int64_t i = 0; i < cursor->dataset->count; ++i) {
        bool keeps = false;
        GLI_TRY(gli_cursor_read(cursor, i));
        const glia_sample seen   = sample_of(cursor, i, r->message);
        r->failures              = ctx->failures;
        const glia_status status = keep(user, &seen, &keeps);
        if (status != GLIA_OK) {
            gli_reading_fail(r, status, "the filter", i);
            return gli_reading_explain(ctx, r);
        }
        if (keeps) kept[(*n)++] = i;
    }
    return GLIA_OK;
}

static glia_status view_of_kept(glia_dataset *dataset, const char *function, gli_cursor *cursor, glia_keep_fn keep,
                                void *user, glia_dataset **out) {
    gli_block kept;
    int64_t n;
    GLI_TRY(gli_block_alloc(dataset->ctx, (size_t)dataset->count, sizeof(int64_t), "a filter", &kept));
    glia_status status = find_samples(cursor, keep, user, kept.data, &n);
    if (status == GLIA_OK) status = gli_dataset_view(dataset, function, kept.data, n, out);
    gli_block_free(dataset->ctx, &kept);
    return status;
}

static glia_status filter(glia_dataset *dataset, glia_keep_fn keep, void *user, glia_dataset **out) {
    const char *function = "glia_dataset_filter";
    gli_cursor cursor;
    GLI_REQUIRE(dataset->ctx, keep && out, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", function, keep ? "out" : "keep");
    GLI_TRY(gli_cursor_create(dataset, &cursor));
    const glia_status status = view_of_kept(dataset, function, &cursor, keep, user, out);
    gli_cursor_destroy(&cursor);
    return status;
}

glia_status glia_dataset_filter(glia_dataset *dataset, glia_keep_fn keep, void *user, glia_dataset **out) {
    GLI_REQUIRE_OBJECT(dataset);
    GLI_TRY(gli_dataset_call_begin(dataset));
    return gli_dataset_call_end(dataset, filter(dataset, keep, user, out));
}
