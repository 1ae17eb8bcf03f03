/* Datasets one after the other: another order where all show the same stores, else a store that reads from them. */
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "core/tensor_impl.h"
#include "data/dataset.h"

/* ---- Of one data ---- */

static bool same_stores(const glia_dataset *a, const glia_dataset *b) {
    if (a->n_parts != b->n_parts) return false;
    for (int i = 0; i < a->n_parts; ++i)
        if (a->parts[i].store != b->parts[i].store) return false;
    for (int i = 0; i < gli_dataset_columns(a); ++i)
        if (a->columns[i].part != b->columns[i].part || a->columns[i].field != b->columns[i].field) return false;
    return true;
}

static glia_status add_part(glia_dataset *view, glia_dataset *const *datasets, int n, int part) {
    gli_part *to = &view->parts[part];
    GLI_TRY(gli_block_alloc(view->ctx, (size_t)view->count, sizeof(int64_t), "a view", &to->order));
    int64_t *order = to->order.data;
    for (int k = 0; k < n; ++k)
        for (int64_t i = 0; i < datasets[k]->count; ++i) *order++ = gli_part_sample(&datasets[k]->parts[part], i);
    to->store = datasets[0]->parts[part].store;
    gli_data_store_retain(to->store);
    ++view->n_parts;
    return GLIA_OK;
}

static glia_status view_of_all(glia_dataset *const *datasets, int n, const char *function, int64_t count,
                               glia_dataset **out) {
    const glia_dataset *first = datasets[0];
    glia_dataset *view;
    GLI_TRY(gli_dataset_new_view(first->ctx, function, count, first->n_inputs, first->n_targets, &view));
    memcpy(view->columns, first->columns, sizeof view->columns);
    for (int i = 0; i < first->n_parts; ++i) {
        const glia_status status = add_part(view, datasets, n, i);
        if (status != GLIA_OK) return glia_dataset_destroy(view), status;
    }
    *out = view;
    return GLIA_OK;
}

/* ---- Of different data ---- */

typedef struct piece {
    glia_dataset *dataset; /* retained */
    int64_t first;         /* sample */
} piece;

typedef struct concatenation {
    int n;
    gli_block pieces;
} concatenation;

/* The last piece that does not begin after the sample. */
static const piece *piece_of(const gli_data_store *store, int64_t sample) {
    const concatenation *c = store->state;
    const piece *pieces    = c->pieces.data;
    int low                = 0;
    for (int high = c->n; high - low > 1;) {
        const int middle                                 = low + (high - low) / 2;
        *(pieces[middle].first <= sample ? &low : &high) = middle;
    }
    return &pieces[low];
}

static glia_status read_piece(const gli_data_store *store, int64_t sample, void *const *to, char *scratch,
                              gli_reading *reading) {
    const piece *p = piece_of(store, sample);
    return gli_sample_read(p->dataset, sample - p->first, to, scratch, reading);
}

static const char *name_in_piece(const gli_data_store *store, int64_t sample) {
    const piece *p = piece_of(store, sample);
    return glia_dataset_sample_name(p->dataset, sample - p->first);
}

static void destroy_pieces(gli_data_store *store) {
    concatenation *c    = store->state;
    const piece *pieces = c->pieces.data;
    for (int i = 0; i < c->n; ++i) glia_dataset_destroy(pieces[i].dataset);
    gli_block_free(store->ctx, &c->pieces);
    gli_free(store->ctx, c, 1, sizeof *c);
}

static const gli_reader piece_reader = {read_piece, destroy_pieces, name_in_piece};

static glia_status describe(glia_dataset *dataset, const char *function, const glia_dataset *of) {
    for (int i = 0; i < gli_dataset_columns(of); ++i) {
        const gli_data_field *field = gli_column_field(of, i);
        GLI_TRY(gli_dataset_shape(dataset, function, i, &(glia_field){NULL, field->delivered, field->shape}));
        GLI_TRY(gli_dataset_name(dataset, function, i, of->columns[i].name));
        GLI_TRY(gli_class_names_copy(dataset->ctx, field, &gli_own_store(dataset)->fields[i]));
    }
    return GLIA_OK;
}

/* Where all pictures were made of bytes in one way. */
static void keep_byte_scales(glia_dataset *dataset, glia_dataset *const *datasets, int n) {
    for (int i = 0; i < gli_dataset_columns(dataset); ++i) {
        const gli_data_field *first = gli_column_field(datasets[0], i);
        bool same                   = true;
        for (int k = 1; k < n; ++k) {
            const gli_data_field *other = gli_column_field(datasets[k], i);
            same                        = same && other->byte_scales == first->byte_scales &&
                   memcmp(other->byte_scale, first->byte_scale, sizeof first->byte_scale) == 0;
        }
        if (same) gli_byte_scales_copy(first, &gli_own_store(dataset)->fields[i]);
    }
}

static glia_status fill(glia_dataset *dataset, const char *function, glia_dataset *const *datasets, int n) {
    gli_data_store *store = gli_own_store(dataset);
    GLI_TRY(describe(dataset, function, datasets[0]));
    keep_byte_scales(dataset, datasets, n);
    GLI_TRY(gli_new(dataset->ctx, 1, sizeof(concatenation), "a concatenation", &store->state));
    store->reader    = &piece_reader;
    concatenation *c = store->state;
    GLI_TRY(gli_block_alloc(dataset->ctx, (size_t)n, sizeof(piece), "a concatenation", &c->pieces));
    piece *pieces = c->pieces.data;
    int64_t first = 0;
    for (c->n = 0; c->n < n; ++c->n) {
        glia_dataset *of = datasets[c->n];
        gli_dataset_retain(of);
        pieces[c->n] = (piece){of, first};
        first += of->count;
        const size_t scratch = gli_dataset_scratch(of);
        if (scratch > store->scratch) store->scratch = scratch;
        store->concurrent = store->concurrent && gli_dataset_is_concurrent(of);
        store->depth      = (int)gli_max_i64(store->depth, gli_dataset_depth(of));
    }
    return GLIA_OK;
}

static glia_status read_from_all(glia_dataset *const *datasets, int n, const char *function, int64_t count,
                                 glia_dataset **out) {
    const glia_dataset *first = datasets[0];
    glia_dataset *dataset;
    GLI_TRY(gli_dataset_new(first->ctx, function, count, first->n_inputs, first->n_targets, &dataset));
    const glia_status status = fill(dataset, function, datasets, n);
    if (status != GLIA_OK) return glia_dataset_destroy(dataset), status;
    *out = dataset;
    return GLIA_OK;
}

/* ---- Either ---- */

static glia_status check_columns(const glia_dataset *first, const glia_dataset *other, const char *function, int k) {
    GLI_REQUIRE(first->ctx, other->n_inputs == first->n_inputs && other->n_targets == first->n_targets,
                GLIA_SHAPE_MISMATCH, "%s: dataset %d has %d inputs and %d targets, dataset 0 has %d and %d", function,
                k, other->n_inputs, other->n_targets, first->n_inputs, first->n_targets);
    for (int i = 0; i < gli_dataset_columns(first); ++i) {
        const gli_data_field *a = gli_column_field(first, i), *b = gli_column_field(other, i);
        GLI_REQUIRE(first->ctx, a->delivered == b->delivered, GLIA_DTYPE_MISMATCH,
                    "%s: '%s' of dataset %d is %s, '%s' of dataset 0 is %s", function, other->columns[i].name, k,
                    glia_dtype_name(b->delivered), first->columns[i].name, glia_dtype_name(a->delivered));
        const bool same = a->shape.ndim == b->shape.ndim &&
                          memcmp(a->shape.dim, b->shape.dim, (size_t)a->shape.ndim * sizeof *a->shape.dim) == 0;
        GLI_REQUIRE(first->ctx, same, GLIA_SHAPE_MISMATCH, "%s: '%s' of dataset %d is %s, '%s' of dataset 0 is %s",
                    function, other->columns[i].name, k,
                    gli_shape_text(b->shape.ndim, b->shape.dim, (char[GLI_SHAPE_TEXT]){0}), first->columns[i].name,
                    gli_shape_text(a->shape.ndim, a->shape.dim, (char[GLI_SHAPE_TEXT]){0}));
    }
    return GLIA_OK;
}

static glia_status concat(glia_dataset *const *datasets, int n, const char *function, glia_dataset **out) {
    const glia_dataset *first = datasets[0];
    glia_context *ctx         = first->ctx;
    GLI_REQUIRE(ctx, out, GLIA_INVALID_ARGUMENT, "%s: out is NULL", function);
    int64_t count = 0;
    bool same     = true;
    for (int k = 0; k < n; ++k) {
        GLI_REQUIRE(ctx, datasets[k], GLIA_INVALID_ARGUMENT, "%s: datasets[%d] is NULL", function, k);
        GLI_REQUIRE(ctx, datasets[k]->ctx == ctx, GLIA_DEVICE_MISMATCH,
                    "%s: datasets[%d] belongs to another context than the first", function, k);
        GLI_TRY(check_columns(first, datasets[k], function, k));
        count = gli_saturating_add(count, datasets[k]->count);
        same  = same && same_stores(first, datasets[k]);
    }
    GLI_REQUIRE(ctx, count <= UINT32_MAX, GLIA_INVALID_ARGUMENT, "%s: the datasets have %lld samples, at most %lld fit",
                function, (long long)count, (long long)UINT32_MAX);
    return (same ? view_of_all : read_from_all)(datasets, n, function, count, out);
}

glia_status glia_dataset_concat(glia_dataset *const *datasets, int n, glia_dataset **out) {
    GLI_REQUIRE_OBJECT(datasets);
    if (n < 1) return gli_fail_early(GLIA_INVALID_ARGUMENT, "%s: n is %d, must be at least 1", __func__, n);
    GLI_REQUIRE_OBJECT(datasets[0]);
    GLI_TRY(gli_enter(datasets[0]->ctx));
    const glia_status status = concat(datasets, n, __func__, out);
    gli_leave(datasets[0]->ctx);
    return status;
}
