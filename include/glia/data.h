/* Datasets: numbered samples, each with inputs and targets, which training shuffles and gathers into batches.
 *
 * A dataset keeps its context alive, and a split its dataset: the order of destroy calls is free. */
#ifndef GLIA_DATA_H
#define GLIA_DATA_H

#include "glia/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_dataset glia_dataset;

enum { GLIA_MAX_FIELDS = 8 }; /* inputs of a sample, and targets */

/* One input or target, as batches deliver it. */
typedef struct glia_field {
    const char *name; /* at most 63 bytes, copied; NULL: "input0", "input1", ..., "target0", ... */
    glia_dtype dtype;
    glia_shape shape; /* of one sample, at most seven dimensions */
} glia_field;

/* One input or target of all samples, in memory. */
typedef struct glia_array {
    const char *name; /* as in glia_field */
    glia_dtype dtype;
    glia_shape shape;     /* of one sample, at most seven dimensions */
    const void *data;     /* the samples one after the other, each dense and row-major */
    double scale, offset; /* scale not 0: batches hold x scale + offset in f32, rounded once */
    /* Instead of them, one for each index of the shape's first dimension, as of an image's channels: batches hold
     * x channel_scale[c] + channel_offset[c]. Copied; channel_offset NULL: zeros. */
    const double *channel_scale, *channel_offset;
} glia_array;

typedef struct glia_arrays_args {
    const glia_array *inputs; /* at least one */
    int n_inputs;
    const glia_array *targets; /* none is allowed, for prediction */
    int n_targets;
    int64_t count; /* samples */
    bool copy;     /* take a copy; otherwise the arrays must outlive the dataset and its splits, unchanged: a
                      GPU may keep what they hold */
} glia_arrays_args;

GLIA_API glia_status glia_dataset_from_arrays(glia_context *ctx, const glia_arrays_args *args, glia_dataset **out);

/* Writes sample `index`, 0 to count-1: inputs[i] and targets[i] point to the memory of one sample of that field. The
 * same index has to give the same content each time, or training cannot be repeated. Called by the thread that uses the
 * context. Anything but GLIA_OK ends the call that needed the sample, which returns that status. The model that needs
 * it is in the middle of a step: calls that would use it return GLIA_BUSY, other models are free. */
typedef glia_status (*glia_generate_fn)(void *user, int64_t index, void *const *inputs, void *const *targets);

typedef struct glia_generator_args {
    const glia_field *inputs; /* at least one */
    int n_inputs;
    const glia_field *targets;
    int n_targets;
    int64_t count; /* samples */
    glia_generate_fn generate;
    void *user; /* must outlive the dataset and its splits */
} glia_generator_args;

GLIA_API glia_status glia_dataset_from_generator(glia_context *ctx, const glia_generator_args *args,
                                                 glia_dataset **out);

typedef struct glia_idx_args {
    double scale;           /* default 1/255 for u8 images, else 1 */
    double mean, std;       /* image values become (x scale - mean) / std in f32; default 0 and 1 */
    bool raw;               /* image values stay as the file has them */
    glia_dtype label_dtype; /* GLIA_I32 or GLIA_I64, the default */
    size_t max_bytes;       /* the largest size that a gzipped file may unpack to; default 2^30 */
} glia_idx_args;

/* Images and their labels from two IDX files, the format of MNIST, plain or gzipped. Files of [count,H,W] give an input
 * "image" [1,H,W], of more dimensions an input without the first; the target "label" is a scalar. args may be NULL.
 * Errors, with path and values: GLIA_NOT_FOUND; GLIA_IO_ERROR; GLIA_BAD_FORMAT for a file that is truncated, too long,
 * corrupt or of another format, for labels instead of images, and for counts that differ.
 * Source: http://yann.lecun.com/exdb/mnist, "the IDX file format". */
GLIA_API glia_status glia_dataset_from_idx(glia_context *ctx, const char *images, const char *labels,
                                           const glia_idx_args *args, glia_dataset **out);

typedef enum glia_part { GLIA_PART_TRAIN, GLIA_PART_TEST } glia_part;

/* The same from a folder that holds the files under their usual names: train-images-idx3-ubyte and
 * train-labels-idx1-ubyte, or t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, each also with .idx instead of -idx,
 * and with .gz appended. folder NULL: GLIA_DATA_DIR. */
GLIA_API glia_status glia_dataset_from_idx_folder(glia_context *ctx, const char *folder, glia_part part,
                                                  const glia_idx_args *args, glia_dataset **out);

/* What a file holds, and which of its labels become the target. */
typedef enum glia_cifar {
    GLIA_CIFAR_10,        /* ten classes */
    GLIA_CIFAR_100,       /* the hundred fine classes of CIFAR-100 */
    GLIA_CIFAR_100_COARSE /* its twenty coarse ones */
} glia_cifar;

typedef struct glia_cifar_args {
    glia_cifar kind;
    double mean[3], std[3]; /* of red, green, blue: values become (x / 255 - mean) / std in f32; std 0: 1 */
    bool raw;               /* image values stay u8 */
    glia_dtype label_dtype; /* GLIA_I32 or GLIA_I64, the default */
    size_t max_bytes;       /* the largest size that a gzipped file may unpack to; default 2^30 */
} glia_cifar_args;

/* Images and labels from files in the binary format of CIFAR, plain or gzipped, one file after the other: an input
 * "image" [3,32,32], a scalar target "label". args may be NULL: CIFAR-10, values from 0 to 1. Errors, with path and
 * values: GLIA_NOT_FOUND; GLIA_IO_ERROR; GLIA_BAD_FORMAT for a size that is no multiple of a record's, and for a label
 * out of range.
 * Source: https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version". */
GLIA_API glia_status glia_dataset_from_cifar(glia_context *ctx, const char *const *paths, int n_paths,
                                             const glia_cifar_args *args, glia_dataset **out);

/* The same from a folder that holds the files under their usual names: data_batch_1.bin to data_batch_5.bin and
 * test_batch.bin, or train.bin and test.bin of CIFAR-100, each also with .gz appended. folder NULL: GLIA_DATA_DIR. */
GLIA_API glia_status glia_dataset_from_cifar_folder(glia_context *ctx, const char *folder, glia_part part,
                                                    const glia_cifar_args *args, glia_dataset **out);

/* NULL is allowed. */
GLIA_API void glia_dataset_destroy(glia_dataset *dataset);

GLIA_API int64_t glia_dataset_count(const glia_dataset *dataset); /* samples */
GLIA_API int glia_dataset_inputs(const glia_dataset *dataset);
GLIA_API int glia_dataset_targets(const glia_dataset *dataset);

/* Input or target i; the name lives as long as the dataset. i out of range: all zero. */
GLIA_API glia_field glia_dataset_input(const glia_dataset *dataset, int i);
GLIA_API glia_field glia_dataset_target(const glia_dataset *dataset, int i);

typedef struct glia_split_args {
    int64_t count;   /* samples of the first part, the rest go to the second; 0: as fraction says */
    double fraction; /* 0 to 1, rounded to whole samples; 0 with count 0: the first part is empty */
    bool in_order;   /* the first samples make the first part; otherwise both are drawn at random */
    uint64_t seed;   /* 0: the context's; the same seed draws the same parts */
} glia_split_args;

/* Two views that copy nothing. first or second may be NULL: not requested. */
GLIA_API glia_status glia_dataset_split(glia_dataset *dataset, const glia_split_args *args, glia_dataset **first,
                                        glia_dataset **second);

/* Gathers the n samples of index, which may repeat, into dense tensors [n, shape of the field]: one for each input, and
 * one for each target. targets NULL: not requested. */
GLIA_API glia_status glia_dataset_get(glia_dataset *dataset, const int64_t *index, int64_t n,
                                      glia_tensor *const *inputs, glia_tensor *const *targets);

#ifdef __cplusplus
}
#endif
#endif
