/* Collates samples: gathers them, by number, into the rows of batch tensors. */
#include <stdio.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/device.h"
#include "core/dtype.h"
#include "core/parallel.h"
#include "core/size.h"
#include "core/tensor_impl.h"
#include "data/dataset.h"

static void convert_by_table(const gli_data_field *field, const uint8_t *from, float *to) {
    const int64_t part = field->elements / field->channels;
    const float *table = field->table.data;
    for (int64_t c = 0; c < field->channels; ++c, from += part, to += part, table += UINT8_MAX + 1)
        for (int64_t k = 0; k < part; ++k) to[k] = table[from[k]];
}

static void convert(const gli_data_field *field, const void *from, void *to) {
    const gli_affine identity = {1, 0}, *affine = field->channels ? field->affine.data : &identity;
    const int64_t channels = gli_max_i64(field->channels, 1), part = field->elements / channels;
    for (int64_t c = 0; c < channels; ++c)
        for (int64_t k = c * part; k < (c + 1) * part; ++k)
            gli_store(field->delivered, to, k, gli_load(field->stored, from, k) * affine[c].scale + affine[c].offset);
}

static void deliver(const gli_data_field *field, const void *from, void *to) {
    if (field->table.data)
        convert_by_table(field, from, to);
    else if (field->channels || field->stored != field->delivered)
        convert(field, from, to);
    else
        memcpy(to, from, (size_t)field->elements * glia_dtype_size(field->stored));
}

void gli_field_deliver(const gli_data_field *field, int64_t sample, void *to) {
    deliver(field, field->data + (size_t)(sample * field->stride) * glia_dtype_size(field->stored), to);
}

typedef struct copying {
    const glia_dataset *dataset;
    const gli_data_field *field;
    const int64_t *index;
    char *to;
} copying;

static void copy_samples(void *arg, int64_t begin, int64_t end) {
    const copying *c       = arg;
    const size_t delivered = (size_t)c->field->elements * glia_dtype_size(c->field->delivered);
    for (int64_t i = begin; i < end; ++i)
        gli_field_deliver(c->field, gli_root_sample(c->dataset, c->index[i]), c->to + (size_t)i * delivered);
}

static void copy_field(const glia_dataset *dataset, int field, const int64_t *index, int64_t n, glia_tensor *to) {
    enum { MIN_BYTES = 1 << 16 }; /* per thread: below, waking one costs more than copying */
    copying c = {dataset, &gli_dataset_root(dataset)->fields[field], index, to->data};
    if (c.field->elements == 0) return;
    const int64_t bytes = c.field->elements * (int64_t)glia_dtype_size(c.field->delivered);
    gli_parallel(dataset->ctx, n, gli_max_i64(MIN_BYTES / bytes, 1), copy_samples, &c);
}

/* Bytes of one sample of field i. */
static size_t sample_bytes(const glia_dataset *root, int i) {
    return (size_t)root->fields[i].elements * glia_dtype_size(root->fields[i].delivered);
}

static glia_status explain_generator(glia_context *ctx, glia_status status, unsigned failures, int64_t sample) {
    char words[48];
    snprintf(words, sizeof words, " for sample %lld", (long long)sample);
    return gli_explain_callback(ctx, status, failures, "the dataset's generator", words);
}

/* spare: memory for the targets of one sample, if targets are not requested. */
static glia_status generate(const glia_dataset *dataset, const int64_t *index, int64_t n, glia_tensor *const *inputs,
                            glia_tensor *const *targets, char *spare) {
    const glia_dataset *root = gli_dataset_root(dataset);
    void *to[2 * GLIA_MAX_FIELDS];
    for (int64_t row = 0; row < n; ++row) {
        const int64_t sample = gli_root_sample(dataset, index[row]);
        size_t offset        = 0;
        for (int i = 0; i < root->n_inputs; ++i)
            to[i] = gli_data_at(inputs[i]->data, (size_t)row * sample_bytes(root, i));
        for (int i = root->n_inputs; i < root->n_inputs + root->n_targets; ++i) {
            to[i] = targets ? gli_data_at(targets[i - root->n_inputs]->data, (size_t)row * sample_bytes(root, i))
                            : gli_data_at(spare, offset);
            offset += gli_align_up(sample_bytes(root, i), GLI_ALIGNMENT);
        }
        const unsigned failures  = dataset->ctx->failures;
        const glia_status status = root->generate(root->user, sample, to, to + root->n_inputs);
        if (status != GLIA_OK) return explain_generator(dataset->ctx, status, failures, sample);
    }
    return GLIA_OK;
}

static glia_status gather_generated(const glia_dataset *dataset, const int64_t *index, int64_t n,
                                    glia_tensor *const *inputs, glia_tensor *const *targets) {
    const glia_dataset *root = gli_dataset_root(dataset);
    gli_block spare          = {0};
    if (!targets) {
        size_t bytes = 0;
        for (int i = root->n_inputs; i < root->n_inputs + root->n_targets; ++i)
            bytes += gli_align_up(sample_bytes(root, i), GLI_ALIGNMENT);
        GLI_TRY(gli_block_alloc(dataset->ctx, bytes, 1, "targets that are not requested", &spare));
    }
    const glia_status status = generate(dataset, index, n, inputs, targets, spare.data);
    gli_block_free(dataset->ctx, &spare);
    return status;
}

/* Into tensors in host memory. */
static glia_status gather(const glia_dataset *dataset, const int64_t *index, int64_t n, glia_tensor *const *inputs,
                          glia_tensor *const *targets) {
    if (gli_dataset_root(dataset)->generate) return gather_generated(dataset, index, n, inputs, targets);
    for (int i = 0; i < dataset->n_inputs; ++i) copy_field(dataset, i, index, n, inputs[i]);
    for (int i = 0; targets && i < dataset->n_targets; ++i)
        copy_field(dataset, dataset->n_inputs + i, index, n, targets[i]);
    return GLIA_OK;
}

/* Allocates one block of host memory for the first n rows of all tensors. */
static glia_status stage(const glia_dataset *dataset, int64_t n, const glia_tensor *const *to, int fields,
                         glia_tensor *staged, gli_block *block) {
    size_t bytes = 0, offset[2 * GLIA_MAX_FIELDS];
    for (int i = 0; i < fields; ++i) {
        offset[i] = bytes;
        bytes += gli_align_up((size_t)n * sample_bytes(gli_dataset_root(dataset), i), GLI_ALIGNMENT);
    }
    GLI_TRY(gli_block_alloc(dataset->ctx, bytes, 1, "a batch on its way to the device", block));
    for (int i = 0; i < fields; ++i) {
        staged[i]      = *to[i];
        staged[i].data = gli_data_at(block->data, offset[i]);
    }
    return GLIA_OK;
}

static glia_status gather_and_upload(const glia_dataset *dataset, const int64_t *index, int64_t n,
                                     glia_tensor *const *inputs, glia_tensor *const *targets) {
    const int n_in = dataset->n_inputs, fields = n_in + (targets ? dataset->n_targets : 0);
    const glia_tensor *to[2 * GLIA_MAX_FIELDS];
    glia_tensor staged[2 * GLIA_MAX_FIELDS], *host[2 * GLIA_MAX_FIELDS] = {0};
    gli_block block;
    for (int i = 0; i < fields; ++i) to[i] = i < n_in ? inputs[i] : targets[i - n_in], host[i] = &staged[i];
    GLI_TRY(stage(dataset, n, to, fields, staged, &block));
    glia_status status = gather(dataset, index, n, host, targets ? host + n_in : NULL);
    for (int i = 0; i < fields && status == GLIA_OK; ++i)
        status = dataset->ctx->device->upload(dataset->ctx, to[i]->data, staged[i].data,
                                              (size_t)n * sample_bytes(gli_dataset_root(dataset), i));
    gli_block_free(dataset->ctx, &block);
    return status;
}

glia_status gli_dataset_gather(const glia_dataset *dataset, const int64_t *index, int64_t n, glia_tensor *const *inputs,
                               glia_tensor *const *targets) {
    return dataset->ctx->device == &gli_cpu_device ? gather(dataset, index, n, inputs, targets)
                                                   : gather_and_upload(dataset, index, n, inputs, targets);
}

static glia_status check_tensor(const glia_dataset *dataset, const char *function, int64_t rows, int i,
                                const glia_tensor *tensor) {
    glia_context *ctx           = dataset->ctx;
    const gli_data_field *field = &gli_dataset_root(dataset)->fields[i];
    GLI_REQUIRE(ctx, tensor, GLIA_INVALID_ARGUMENT, "%s: the tensor of '%s' is NULL", function, field->name);
    GLI_REQUIRE(ctx, tensor->ctx == ctx, GLIA_DEVICE_MISMATCH, "%s: the tensor of '%s' belongs to another context",
                function, field->name);
    GLI_REQUIRE(ctx, tensor->dtype == field->delivered, GLIA_DTYPE_MISMATCH, "%s: the tensor of '%s' is %s, must be %s",
                function, field->name, glia_dtype_name(tensor->dtype), glia_dtype_name(field->delivered));
    glia_tensor expected = {.ndim = field->shape.ndim + 1, .dim = {rows}};
    memcpy(expected.dim + 1, field->shape.dim, (size_t)field->shape.ndim * sizeof *expected.dim);
    GLI_REQUIRE(ctx, gli_same_shape(tensor, &expected), GLIA_SHAPE_MISMATCH, "%s: the tensor of '%s' is %s, must be %s",
                function, field->name, GLI_SHAPE_OF(tensor), GLI_SHAPE_OF(&expected));
    GLI_REQUIRE(ctx, gli_is_dense(tensor), GLIA_INVALID_ARGUMENT, "%s: the tensor of '%s' is not dense", function,
                field->name);
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

static glia_status get(const glia_dataset *dataset, const int64_t *index, int64_t n, glia_tensor *const *inputs,
                       glia_tensor *const *targets) {
    const char *function = "glia_dataset_get";
    GLI_REQUIRE(dataset->ctx, n >= 0 && (index || n == 0), GLIA_INVALID_ARGUMENT, "%s: n is %lld, index is %s",
                function, (long long)n, index ? "given" : "NULL");
    GLI_TRY(gli_dataset_check_batch(dataset, function, n, inputs, targets));
    for (int64_t i = 0; i < n; ++i)
        GLI_REQUIRE(dataset->ctx, index[i] >= 0 && index[i] < dataset->count, GLIA_INVALID_ARGUMENT,
                    "%s: index[%lld] is %lld, the dataset has %lld samples", function, (long long)i,
                    (long long)index[i], (long long)dataset->count);
    return gli_dataset_gather(dataset, index, n, inputs, targets);
}

glia_status glia_dataset_get(glia_dataset *dataset, const int64_t *index, int64_t n, glia_tensor *const *inputs,
                             glia_tensor *const *targets) {
    GLI_REQUIRE_OBJECT(dataset);
    glia_context *ctx = dataset->ctx;
    GLI_TRY(gli_enter(ctx));
    gli_context_retain(ctx);
    gli_dataset_retain(dataset); /* a generator may destroy it */
    const glia_status status = get(dataset, index, n, inputs, targets);
    glia_dataset_destroy(dataset);
    gli_leave(ctx);
    gli_context_release(ctx);
    return status;
}
