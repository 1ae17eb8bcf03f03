#include "io/cifar.h"

#include "io/input.h"

enum { IMAGE_BYTES = GLI_CIFAR_CHANNELS * GLI_CIFAR_SIDE * GLI_CIFAR_SIDE, MAX_LABELS = 2 };

typedef struct cifar_format {
    const char *name;
    int labels; /* of a record */
    int classes[MAX_LABELS];
    int label; /* the one that is read */
} cifar_format;

static const cifar_format formats[] = {[GLIA_CIFAR_10]         = {"CIFAR-10", 1, {10}, 0},
                                       [GLIA_CIFAR_100]        = {"CIFAR-100", 2, {20, 100}, 1},
                                       [GLIA_CIFAR_100_COARSE] = {"CIFAR-100", 2, {20, 100}, 0}};

static glia_status count_records(glia_context *ctx, const char *path, const cifar_format *format, size_t max_bytes,
                                 int64_t *records) {
    const uint64_t size = (uint64_t)format->labels + IMAGE_BYTES;
    uint64_t bytes;
    GLI_TRY(gli_input_measure(ctx, path, max_bytes, &bytes));
    const unsigned long long count = bytes / size, rest = bytes % size;
    GLI_REQUIRE(ctx, bytes > 0, GLIA_BAD_FORMAT, "%s: is empty", path);
    GLI_REQUIRE(ctx, rest == 0, GLIA_BAD_FORMAT,
                "%s: has %llu bytes, which are %llu records of %s, of %llu each, and %llu more", path,
                (unsigned long long)bytes, count, format->name, (unsigned long long)size, rest);
    GLI_REQUIRE(ctx, count <= UINT32_MAX, GLIA_BAD_FORMAT, "%s: has %llu images, a dataset has at most %llu", path,
                count, (unsigned long long)UINT32_MAX);
    *records = (int64_t)count;
    return GLIA_OK;
}

static glia_status read_record(gli_input *in, const cifar_format *format, int64_t i, uint8_t *image, uint8_t *label) {
    uint8_t labels[MAX_LABELS];
    GLI_TRY(gli_input_read(in, labels, (size_t)format->labels, "a record's labels"));
    for (int k = 0; k < format->labels; ++k)
        GLI_REQUIRE(in->ctx, labels[k] < format->classes[k], GLIA_BAD_FORMAT,
                    "%s: record %lld has the label %d, must be 0 to %d in a file of %s", in->path, (long long)i,
                    labels[k], format->classes[k] - 1, format->name);
    *label = labels[format->label];
    return gli_input_read(in, image, IMAGE_BYTES, "a record's image");
}

static glia_status read_file(glia_context *ctx, const char *path, const cifar_format *format, int64_t records,
                             uint8_t *images, uint8_t *labels) {
    gli_input in;
    GLI_TRY(gli_input_open(ctx, path, &in));
    glia_status status = GLIA_OK;
    for (int64_t i = 0; i < records && status == GLIA_OK; ++i)
        status = read_record(&in, format, i, images + i * IMAGE_BYTES, labels + i);
    if (status == GLIA_OK) status = gli_input_end(&in);
    gli_input_close(&in);
    return status;
}

/* records: of each file. */
static glia_status read_files(glia_context *ctx, const char *const *paths, int n_paths, const cifar_format *format,
                              const int64_t *records, gli_cifar_set *set) {
    GLI_TRY(gli_block_alloc(ctx, (size_t)set->count, IMAGE_BYTES, "the images of CIFAR", &set->images));
    GLI_TRY(gli_block_alloc(ctx, (size_t)set->count, 1, "the labels of CIFAR", &set->labels));
    uint8_t *images = set->images.data, *labels = set->labels.data;
    for (int i = 0; i < n_paths; ++i) {
        GLI_TRY(read_file(ctx, paths[i], format, records[i], images, labels));
        images += records[i] * IMAGE_BYTES;
        labels += records[i];
    }
    return GLIA_OK;
}

glia_status gli_cifar_read(glia_context *ctx, const char *const *paths, int n_paths, glia_cifar kind, size_t max_bytes,
                           gli_cifar_set *out) {
    const cifar_format *format = &formats[kind];
    gli_cifar_set set          = {0};
    gli_block counts;
    GLI_TRY(gli_block_alloc(ctx, (size_t)n_paths, sizeof(int64_t), "the sizes of CIFAR's files", &counts));
    int64_t *records   = counts.data;
    glia_status status = GLIA_OK;
    for (int i = 0; i < n_paths && status == GLIA_OK; ++i) {
        status = count_records(ctx, paths[i], format, max_bytes, &records[i]);
        if (status == GLIA_OK) set.count += records[i];
    }
    if (status == GLIA_OK) status = read_files(ctx, paths, n_paths, format, records, &set);
    gli_block_free(ctx, &counts);
    if (status == GLIA_OK) {
        *out = set;
        return GLIA_OK;
    }
    gli_block_free(ctx, &set.images);
    gli_block_free(ctx, &set.labels);
    return status;
}
