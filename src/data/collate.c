/* Collates samples: gathers them, by number, into the rows of batch tensors. */
#include <string.h>

#include "core/context_impl.h"
#include "core/device.h"
#include "core/dtype.h"
#include "core/parallel.h"
#include "core/size.h"
#include "core/tensor_impl.h"
#include "data/dataset.h"

typedef struct copying {
    const gli_part *part;
    int field;
    size_t bytes; /* of a sample */
    const int64_t *index;
    char *to;
} copying;

static void copy_samples(void *arg, int64_t begin, int64_t end) {
    const copying *c = arg;
    for (int64_t i = begin; i < end; ++i) {
        if (i + 1 < end) gli_data_store_prefetch(c->part->store, c->field, gli_part_sample(c->part, c->index[i + 1]));
        gli_data_store_deliver(c->part->store, c->field, gli_part_sample(c->part, c->index[i]),
                               c->to + (size_t)i * c->bytes);
    }
}

static void copy_column(const glia_dataset *dataset, int i, const int64_t *index, int64_t n, glia_tensor *to) {
    enum { MIN_BYTES = 1 << 16 }; /* per thread: below, waking one costs more than copying */
    const size_t bytes = gli_field_bytes(gli_column_field(dataset, i));
    copying c          = {gli_column_part(dataset, i), dataset->columns[i].field, bytes, index, to->data};
    if (bytes == 0) return;
    gli_parallel(dataset->ctx, n, gli_max_i64(MIN_BYTES / (int64_t)bytes, 1), copy_samples, &c);
}

/* The samples that functions of the user's make; the other columns are not wanted from here. spare: scratch of one
 * reading. */
static glia_status read_samples(const glia_dataset *dataset, const int64_t *index, int64_t n, char *const *rows,
                                char *spare, gli_reading *reading) {
    void *to[GLI_MAX_COLUMNS] = {0};
    for (int64_t row = 0; row < n; ++row) {
        for (int i = 0; i < gli_dataset_columns(dataset); ++i)
            if (rows[i]) to[i] = rows[i] + (size_t)row * gli_field_bytes(gli_column_field(dataset, i));
        GLI_TRY(gli_sample_read(dataset, index[row], to, spare, reading));
    }
    return GLIA_OK;
}

static glia_status read_columns(const glia_dataset *dataset, int64_t epoch, const int64_t *index, int64_t n,
                                char *const *rows) {
    glia_context *ctx   = dataset->ctx;
    gli_reading reading = {.ctx = ctx, .epoch = epoch};
    gli_block spare;
    GLI_TRY(gli_block_alloc(ctx, gli_dataset_scratch(dataset), 1, "the samples of a dataset", &spare));
    const glia_status status = read_samples(dataset, index, n, rows, spare.data, &reading);
    gli_block_free(ctx, &spare);
    return status == GLIA_OK ? GLIA_OK : gli_reading_explain(ctx, &reading);
}

/* Into tensors in host memory. */
static glia_status gather(const glia_dataset *dataset, int64_t epoch, const int64_t *index, int64_t n,
                          glia_tensor *const *inputs, glia_tensor *const *targets) {
    const int columns           = targets ? gli_dataset_columns(dataset) : dataset->n_inputs;
    char *rows[GLI_MAX_COLUMNS] = {0};
    bool reads                  = false;
    for (int i = 0; i < columns; ++i) {
        glia_tensor *to = i < dataset->n_inputs ? inputs[i] : targets[i - dataset->n_inputs];
        if (gli_column_part(dataset, i)->store->depth == 0)
            copy_column(dataset, i, index, n, to);
        else
            rows[i] = to->data, reads = true;
    }
    return reads ? read_columns(dataset, epoch, index, n, rows) : GLIA_OK;
}

/* Allocates one block of host memory for the first n rows of all tensors. */
static glia_status stage(const glia_dataset *dataset, int64_t n, const glia_tensor *const *to, int fields,
                         glia_tensor *staged, gli_block *block) {
    size_t bytes = 0, offset[GLI_MAX_COLUMNS];
    for (int i = 0; i < fields; ++i) {
        offset[i] = bytes;
        bytes += gli_align_up((size_t)n * gli_field_bytes(gli_column_field(dataset, i)), GLI_ALIGNMENT);
    }
    GLI_TRY(gli_block_alloc(dataset->ctx, bytes, 1, "a batch on its way to the device", block));
    for (int i = 0; i < fields; ++i) {
        staged[i]      = *to[i];
        staged[i].data = gli_data_at(block->data, offset[i]);
    }
    return GLIA_OK;
}

static glia_status gather_and_upload(const glia_dataset *dataset, int64_t epoch, const int64_t *index, int64_t n,
                                     glia_tensor *const *inputs, glia_tensor *const *targets) {
    const int n_in = dataset->n_inputs, fields = n_in + (targets ? dataset->n_targets : 0);
    const glia_tensor *to[GLI_MAX_COLUMNS];
    glia_tensor staged[GLI_MAX_COLUMNS], *host[GLI_MAX_COLUMNS] = {0};
    gli_block block;
    for (int i = 0; i < fields; ++i) to[i] = i < n_in ? inputs[i] : targets[i - n_in], host[i] = &staged[i];
    GLI_TRY(stage(dataset, n, to, fields, staged, &block));
    glia_status status = gather(dataset, epoch, index, n, host, targets ? host + n_in : NULL);
    for (int i = 0; i < fields && status == GLIA_OK; ++i)
        status = dataset->ctx->device->upload(dataset->ctx, to[i]->data, staged[i].data,
                                              (size_t)n * gli_field_bytes(gli_column_field(dataset, i)));
    gli_block_free(dataset->ctx, &block);
    return status;
}

glia_status gli_dataset_gather(const glia_dataset *dataset, int64_t epoch, const int64_t *index, int64_t n,
                               glia_tensor *const *inputs, glia_tensor *const *targets) {
    return dataset->ctx->device == &gli_cpu_device ? gather(dataset, epoch, index, n, inputs, targets)
                                                   : gather_and_upload(dataset, epoch, index, n, inputs, targets);
}

static glia_status check_tensor(const glia_dataset *dataset, const char *function, int64_t rows, int i,
                                const glia_tensor *tensor) {
    glia_context *ctx           = dataset->ctx;
    const gli_data_field *field = gli_column_field(dataset, i);
    const char *name            = dataset->columns[i].name;
    GLI_REQUIRE(ctx, tensor, GLIA_INVALID_ARGUMENT, "%s: the tensor of '%s' is NULL", function, name);
    GLI_REQUIRE(ctx, tensor->ctx == ctx, GLIA_DEVICE_MISMATCH, "%s: the tensor of '%s' belongs to another context",
                function, name);
    GLI_REQUIRE(ctx, tensor->dtype == field->delivered, GLIA_DTYPE_MISMATCH, "%s: the tensor of '%s' is %s, must be %s",
                function, name, glia_dtype_name(tensor->dtype), glia_dtype_name(field->delivered));
    glia_tensor expected = {.ndim = field->shape.ndim + 1, .dim = {rows}};
    memcpy(expected.dim + 1, field->shape.dim, (size_t)field->shape.ndim * sizeof *expected.dim);
    GLI_REQUIRE(ctx, gli_same_shape(tensor, &expected), GLIA_SHAPE_MISMATCH, "%s: the tensor of '%s' is %s, must be %s",
                function, name, GLI_SHAPE_OF(tensor), GLI_SHAPE_OF(&expected));
    GLI_REQUIRE(ctx, gli_is_dense(tensor), GLIA_INVALID_ARGUMENT, "%s: the tensor of '%s' is not dense", function,
                name);
    return GLIA_OK;
}

glia_status gli_dataset_check_batch(const glia_dataset *dataset, const char *function, int64_t rows,
                                    glia_tensor *const *inputs, glia_tensor *const *targets) {
    GLI_REQUIRE(dataset->ctx, inputs, GLIA_INVALID_ARGUMENT, "%s: inputs is NULL", function);
    for (int i = 0; i < dataset->n_inputs; ++i) GLI_TRY(check_tensor(dataset, function, rows, i, inputs[i]));
    for (int i = 0; targets && i < dataset->n_targets; ++i)
        GLI_TRY(check_tensor(dataset, function, rows, dataset->n_inputs + i, targets[i]));
    return GLIA_OK;
}

glia_status gli_dataset_check_index(const glia_dataset *dataset, const char *function, const int64_t *index,
                                    int64_t n) {
    GLI_REQUIRE(dataset->ctx, n >= 0 && (index || n == 0), GLIA_INVALID_ARGUMENT, "%s: n is %lld, index is %s",
                function, (long long)n, index ? "given" : "NULL");
    for (int64_t i = 0; i < n; ++i)
        GLI_REQUIRE(dataset->ctx, index[i] >= 0 && index[i] < dataset->count, GLIA_INVALID_ARGUMENT,
                    "%s: index[%lld] is %lld, the dataset has %lld samples", function, (long long)i,
                    (long long)index[i], (long long)dataset->count);
    return GLIA_OK;
}

static glia_status get(const glia_dataset *dataset, const int64_t *index, int64_t n, glia_tensor *const *inputs,
                       glia_tensor *const *targets) {
    const char *function = "glia_dataset_get";
    GLI_TRY(gli_dataset_check_index(dataset, function, index, n));
    GLI_TRY(gli_dataset_check_batch(dataset, function, n, inputs, targets));
    return gli_dataset_gather(dataset, 0, index, n, inputs, targets);
}

glia_status glia_dataset_get(glia_dataset *dataset, const int64_t *index, int64_t n, glia_tensor *const *inputs,
                             glia_tensor *const *targets) {
    GLI_REQUIRE_OBJECT(dataset);
    GLI_TRY(gli_dataset_call_begin(dataset));
    return gli_dataset_call_end(dataset, get(dataset, index, n, inputs, targets));
}
