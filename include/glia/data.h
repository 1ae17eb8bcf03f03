/* Datasets: numbered samples, each with inputs and targets, which training shuffles and gathers into batches.
 *
 * A dataset keeps its context alive, and a view its datasets: the order of destroy calls is free. It has at most 2^32 -
 * 1 samples. */
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

/* ---- Sources: samples that a function makes ---- */

enum { GLIA_SAMPLE_MESSAGE = 256 };

/* One sample, as functions of the user's see it. */
typedef struct glia_sample {
    int64_t index;   /* 0 to count-1, of the dataset that has the function */
    int64_t epoch;   /* of training, from 0: the epochs that the model has had; outside of training 0 */
    uint64_t random; /* follows from the context's seed, epoch and index: the seed of what is drawn for this sample */
    void *const *inputs; /* the memory of one sample of each input, dense */
    void *const *targets;
    char *message; /* "", of GLIA_SAMPLE_MESSAGE bytes: a function that fails may write why */
} glia_sample;

/* Writes what sample->inputs[i] and sample->targets[i] point to, as they follow from index and epoch: the same ones
 * have to give the same content each time, or training cannot be repeated. Anything but GLIA_OK ends the call that
 * needed the sample, which returns that status; its message names the sample.
 *
 * Called by the thread that uses the context, unless glia_dataset_set_workers was. The model that needs the sample is
 * in the middle of a step: calls that would use it return GLIA_BUSY, other models are free. A function that is called
 * by workers must not use the context at all, nor anything that belongs to it. */
typedef glia_status (*glia_read_fn)(void *user, const glia_sample *sample);

typedef struct glia_source {
    const glia_field *inputs; /* at least one */
    int n_inputs;
    const glia_field *targets;
    int n_targets;
    int64_t count; /* samples */
    glia_read_fn read;
    void *user;                  /* must outlive the dataset and its views */
    void (*destroy)(void *user); /* when the last of them is destroyed; may be NULL */
    bool concurrent;             /* any thread may call read, and several at once */
    /* What sample index is read from, such as a path, for glia_dataset_sample_name; it lives as long as the dataset.
     * Called by the thread that uses the context. May be NULL. */
    const char *(*sample_name)(void *user, int64_t index);
} glia_source;

GLIA_API glia_status glia_dataset_from_source(glia_context *ctx, const glia_source *source, glia_dataset **out);

/* Threads that read the samples of this dataset, `batches` batches ahead of what needs them (0: 2), in calls that begin
 * later: those that train, evaluate, predict, count a confusion matrix, or look at outputs of layers, gradients and
 * saliency. In all others, such as glia_dataset_get and glia_model_occlusion, the thread that uses the context reads.
 * Views are not concerned, but for the two parts that a validation_share makes. What workers read, and the sample that
 * fails first, are the same for any number of them; 0, the default: none. Where the system gives fewer threads, there
 * are fewer. All sources and maps of the dataset have to be concurrent. The call that ends waits for the samples that
 * are being read. */
GLIA_API glia_status glia_dataset_set_workers(glia_dataset *dataset, int workers, int batches);

/* ---- Files ---- */

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

/* ---- What a dataset has ---- */

/* NULL is allowed. */
GLIA_API void glia_dataset_destroy(glia_dataset *dataset);

GLIA_API int64_t glia_dataset_count(const glia_dataset *dataset); /* samples */
GLIA_API int glia_dataset_inputs(const glia_dataset *dataset);
GLIA_API int glia_dataset_targets(const glia_dataset *dataset);

/* Input or target i; the name lives as long as the dataset. i out of range: all zero. */
GLIA_API glia_field glia_dataset_input(const glia_dataset *dataset, int i);
GLIA_API glia_field glia_dataset_target(const glia_dataset *dataset, int i);

/* What sample index is read from, such as the path of a picture; NULL where there is no such thing. Views know it as
 * well; it lives as long as the data that they show. */
GLIA_API const char *glia_dataset_sample_name(const glia_dataset *dataset, int64_t index);

/* Gathers the n samples of index, which may repeat, into dense tensors [n, shape of the field]: one for each input, and
 * one for each target. targets NULL: not requested. */
GLIA_API glia_status glia_dataset_get(glia_dataset *dataset, const int64_t *index, int64_t n,
                                      glia_tensor *const *inputs, glia_tensor *const *targets);

/* ---- Views: datasets of the samples of others ----
 *
 * A view copies no samples, at most their numbers, and keeps what it shows in memory. Views of views are views. The
 * samples of a view of arrays and files stay on a GPU as those of the arrays do, those of a concatenation of different
 * data as batches deliver them; what a function makes goes by the host. */

typedef struct glia_split_args {
    int64_t count;   /* samples of the first part, the rest go to the second; 0: as fraction says */
    double fraction; /* 0 to 1, rounded to whole samples; 0 with count 0: the first part is empty */
    bool in_order;   /* the first samples make the first part; otherwise both are drawn at random */
    uint64_t seed;   /* 0: the context's; the same seed draws the same parts */
    /* Each class of an integer target has the same share of both parts, rounded up or down; not with in_order. Labels
     * are read once, before the call returns. */
    bool stratified;
    int target; /* whose classes; the first is 0 */
} glia_split_args;

/* Two views that copy nothing. first or second may be NULL: not requested. */
GLIA_API glia_status glia_dataset_split(glia_dataset *dataset, const glia_split_args *args, glia_dataset **first,
                                        glia_dataset **second);

typedef struct glia_folds_args {
    int folds;       /* at least 2, at most the dataset's samples */
    bool in_order;   /* each fold is samples in a row; otherwise they are drawn at random */
    uint64_t seed;   /* as in glia_split_args */
    bool stratified; /* each class of an integer target has as many samples in each fold, or one more; as there */
    int target;
} glia_folds_args;

/* Fold number `fold`, from 0, of a cross-validation: its samples are those to judge a model by, all others those to
 * train it on, both in the dataset's order. The folds of the same args have no sample in common and are together all of
 * them; their sizes differ by one at most. train or held_out may be NULL: not requested. */
GLIA_API glia_status glia_dataset_fold(glia_dataset *dataset, const glia_folds_args *args, int fold,
                                       glia_dataset **train, glia_dataset **held_out);

/* `count` samples from number `first` on. */
GLIA_API glia_status glia_dataset_take(glia_dataset *dataset, int64_t first, int64_t count, glia_dataset **out);

/* The n samples of index, in this order; they may repeat. */
GLIA_API glia_status glia_dataset_select(glia_dataset *dataset, const int64_t *index, int64_t n, glia_dataset **out);

/* All samples, `times` times, which is at least 1. A function that makes them gets the same index each time. */
GLIA_API glia_status glia_dataset_repeat(glia_dataset *dataset, int64_t times, glia_dataset **out);

/* The samples of n datasets, one dataset after the other. All have the first one's dtypes and shapes; its names count.
 */
GLIA_API glia_status glia_dataset_concat(glia_dataset *const *datasets, int n, glia_dataset **out);

/* Sample i has the inputs of sample i of both, and the targets of both. Both have the same count, and no two inputs,
 * nor two targets, the same name: glia_dataset_pick gives others. */
GLIA_API glia_status glia_dataset_join(glia_dataset *first, glia_dataset *second, glia_dataset **out);

/* A field of a view. */
typedef struct glia_pick {
    const char *field; /* the name of an input or, where none has it, of a target */
    const char *name;  /* that it gets; NULL: the same */
} glia_pick;

typedef struct glia_pick_args {
    const glia_pick *inputs; /* at least one */
    int n_inputs;
    const glia_pick *targets;
    int n_targets;
} glia_pick_args;

/* The fields in this order, under these names; a field may serve several times. An autoencoder's target is its input:
 * both picks are {"image"}. */
GLIA_API glia_status glia_dataset_pick(glia_dataset *dataset, const glia_pick_args *args, glia_dataset **out);

/* Whether a sample stays. May write to the sample's memory, which is a copy; sample->random is 0. Called by the thread
 * that uses the context. */
typedef glia_status (*glia_keep_fn)(void *user, const glia_sample *sample, bool *keep);

/* The samples for which keep sets *keep, false before. It is called once for each sample of epoch 0, in their order,
 * before the call returns. */
GLIA_API glia_status glia_dataset_filter(glia_dataset *dataset, glia_keep_fn keep, void *user, glia_dataset **out);

/* Writes sample `to` as it follows from sample `from`, index and epoch; see glia_read_fn. */
typedef glia_status (*glia_map_fn)(void *user, const glia_sample *from, const glia_sample *to);

typedef struct glia_map_args {
    /* What map writes. n_inputs 0: the dataset's inputs, which lie in the memory of `to` and `from` alike, to be
     * changed there or left; targets likewise. */
    const glia_field *inputs;
    int n_inputs;
    const glia_field *targets;
    int n_targets;
    glia_map_fn map;
    void *user;                  /* must outlive the dataset and its views */
    void (*destroy)(void *user); /* when the last of them is destroyed; may be NULL */
    bool concurrent;             /* any thread may call map, and several at once */
} glia_map_args;

/* Each sample as a function makes it of one of the dataset, each time that it is needed: augmentation, for instance,
 * from sample->random. */
GLIA_API glia_status glia_dataset_map(glia_dataset *dataset, const glia_map_args *args, glia_dataset **out);

/* ---- Classes: integer targets with one number each ---- */

/* Gives the classes 0 to n-1 of a target their names, which are copied. They belong to the data: each dataset that
 * shows this target has them, and what is mapped from it, but nothing that was relabelled. n 0: takes them away. */
GLIA_API glia_status glia_dataset_set_class_names(glia_dataset *dataset, int target, const char *const *names,
                                                  int64_t n);

/* How many classes of a target have names, and the name of class c, which lives as long as the dataset has it. target
 * or c out of range: 0, NULL. */
GLIA_API int64_t glia_dataset_classes(const glia_dataset *dataset, int target);
GLIA_API const char *glia_dataset_class_name(const glia_dataset *dataset, int target, int64_t c);

/* Class c of a target becomes table[c], and samples whose table[c] is negative are left out. A label that is not 0 to
 * classes-1 is GLIA_INVALID_ARGUMENT. Labels are read once, before the call returns. */
GLIA_API glia_status glia_dataset_relabel(glia_dataset *dataset, int target, const int64_t *table, int64_t classes,
                                          glia_dataset **out);

/* How many samples have each of the classes 0 to classes-1. Another label is GLIA_INVALID_ARGUMENT. */
GLIA_API glia_status glia_dataset_class_counts(glia_dataset *dataset, int target, int64_t *counts, int64_t classes);

/* Weights for glia_class_options, with which all classes count alike: samples / (classes with samples * counts[c]), and
 * 1 for a class without samples. */
GLIA_API glia_status glia_class_weights(const int64_t *counts, int64_t classes, double *weights);

#ifdef __cplusplus
}
#endif
#endif
