/* The inside of a dataset: columns, each a field of a store, in an order of its own. */
#ifndef GLI_DATA_DATASET_H
#define GLI_DATA_DATASET_H

#include <string.h>

#include "core/memory.h"
#include "glia/data.h"

enum { GLI_FIELD_NAME = 64, GLI_ARGUMENT_NAME = 32, GLI_MAX_COLUMNS = 2 * GLIA_MAX_FIELDS };

/* delivered = stored * scale + offset */
typedef struct gli_affine {
    double scale, offset;
} gli_affine;

/* One input or target: what is stored, and what batches deliver. */
typedef struct gli_data_field {
    glia_shape shape;         /* of one sample */
    int64_t elements;         /* of one sample */
    int64_t stride;           /* elements from a sample to the next: `elements`, or fewer or more for sliding windows */
    glia_dtype stored;        /* in data; unused where a reader makes the samples */
    glia_dtype delivered;     /* in batches */
    const char *data;         /* all samples; NULL where a reader makes them */
    gli_block owned;          /* the memory of data, if it is the store's */
    int64_t channels;         /* the equal parts of a sample, each with its own scale and offset; 0: not scaled */
    gli_block affine;         /* a gli_affine for each channel */
    gli_block table;          /* of scaled u8: the 256 results for each channel; not for many small channels */
    gli_block class_names;    /* of a target's classes: a pointer to each name, then the names; see class_names.c */
    int64_t n_classes;        /* that have names */
    gli_affine byte_scale[4]; /* of a picture: what its bytes are in batches, channel by channel */
    int byte_scales;          /* how many of these are known: 0, 1 for all channels, or one for each */

    glia_tensor *resident;       /* all samples, on the device: as stored if there is a table, else as delivered */
    glia_tensor *resident_table; /* the table, on the device */
} gli_data_field;

/* One thread's reading of samples, and why it failed. */
typedef struct gli_reading {
    glia_context *ctx; /* NULL: this thread must not use it */
    int64_t epoch;
    glia_status status;
    const char *who; /* failed: "the dataset's source" */
    int64_t sample;  /* the number that it was given */
    unsigned failures;
    char message[GLIA_SAMPLE_MESSAGE];
} gli_reading;

typedef struct gli_data_store gli_data_store;

/* How a store without data makes a sample: to[i] receives field i; NULL: not requested. scratch has the
 * store's number of bytes. Fails by gli_reading_fail. */
typedef struct gli_reader {
    glia_status (*read)(const gli_data_store *store, int64_t sample, void *const *to, char *scratch,
                        gli_reading *reading);
    void (*destroy)(gli_data_store *store);                           /* what `state` holds, and its memory */
    const char *(*name)(const gli_data_store *store, int64_t sample); /* what it is read from; NULL: nothing says it */
} gli_reader;

/* Samples that are kept, or made. Immutable once a dataset has it, but for what lies on the device. */
struct gli_data_store {
    glia_context *ctx;
    int references; /* atomic: one for each part */
    int64_t count;
    int n_inputs, n_targets;
    gli_data_field fields[GLI_MAX_COLUMNS]; /* the inputs, then the targets */
    const gli_reader *reader;               /* NULL: from the fields' data */
    void *state;                            /* the reader's */
    size_t scratch;                         /* bytes that a read needs besides what it fills */
    bool concurrent;                        /* any thread may read, and several at once */
    int depth;                              /* functions of the user's that a sample goes through */
};

/* Samples of a store in an order. */
typedef struct gli_part {
    gli_data_store *store;       /* retained */
    gli_block order;             /* int64_t, the store's sample for each of the dataset; empty: the same */
    glia_tensor *resident_order; /* i64 [count]: the store's samples in the order of an epoch, on the device */
    glia_tensor *resident_view;  /* i64 [count]: `order` on the device, for augmented passes; NULL: it is empty */
} gli_part;

/* An input or a target of a dataset: a field of the store of one of its parts. */
typedef struct gli_column {
    char name[GLI_FIELD_NAME];
    int part, field;
} gli_column;

struct glia_dataset {
    glia_context *ctx;
    int references; /* atomic: the creator's, and one for each loader, and each store that reads from it */
    int64_t count;
    int n_inputs, n_targets;
    gli_column columns[GLI_MAX_COLUMNS]; /* the inputs, then the targets */
    int n_parts;
    gli_part parts[GLI_MAX_COLUMNS];
    int workers, ahead;            /* of loaders: threads, and batches that they read ahead */
    bool resident;                 /* the parts' orders have memory on the device, and all fields are there */
    const void *order_of;          /* the pass that uploaded the order last */
    glia_tensor *resident_numbers; /* i64 [count]: its samples in the order of an epoch, for augmented passes */
};

/* The Philox streams of data; those of layers and initial weights count from 0, those of transforms from
 * GLI_STREAM_AUGMENT. */
enum {
    GLI_STREAM_SHUFFLE = 0x64000001,
    GLI_STREAM_SPLIT   = 0x64000002,
    GLI_STREAM_BALANCE = 0x64000003,
    GLI_STREAM_FOLDS   = 0x64000004,
    GLI_STREAM_SAMPLE  = 0x65000000 /* and the depth of the function */
};

/* A dataset with a store of its own, whose fields are not described yet. function: the caller's name, for messages. */
glia_status gli_dataset_new(glia_context *ctx, const char *function, int64_t count, int n_inputs, int n_targets,
                            glia_dataset **out);

/* A dataset without parts, for views. */
glia_status gli_dataset_new_view(glia_context *ctx, const char *function, int64_t count, int n_inputs, int n_targets,
                                 glia_dataset **out);

/* Sets the shape and the dtype, stored and delivered, of field i: input i, or target i - n_inputs. */
glia_status gli_dataset_shape(glia_dataset *dataset, const char *function, int i, const glia_field *description);

/* The same, and the name, which no field before it may have. */
glia_status gli_dataset_describe(glia_dataset *dataset, const char *function, int i, const glia_field *description);

/* Describes all fields. */
glia_status gli_dataset_describe_all(glia_dataset *dataset, const char *function, const glia_field *inputs,
                                     const glia_field *targets);

/* "inputs[0]", of column i, as in the caller's arguments. */
const char *gli_argument_name(const glia_dataset *dataset, int i, char text[GLI_ARGUMENT_NAME]);

/* Names column i; NULL: "input0", ... Inputs of views may have the names of targets: they may be the same field. */
glia_status gli_dataset_name(glia_dataset *dataset, const char *function, int i, const char *name);

/* Makes field i deliver value * scale[c] + offset[c] in f32, where c counts the `channels` equal parts of a sample;
 * offset NULL: zeros. */
glia_status gli_dataset_scale(glia_dataset *dataset, int i, int64_t channels, const double *scale,
                              const double *offset);

void gli_dataset_retain(glia_dataset *dataset);

/* Around every call of the user's that reads samples. The context and the dataset outlive it, whatever sources and
 * filters do. */
glia_status gli_dataset_call_begin(glia_dataset *dataset);
glia_status gli_dataset_call_end(glia_dataset *dataset, glia_status status);

void gli_data_store_retain(gli_data_store *store);
void gli_data_store_release(gli_data_store *store); /* NULL is allowed */

static inline int gli_dataset_columns(const glia_dataset *dataset) { return dataset->n_inputs + dataset->n_targets; }

static inline const gli_part *gli_column_part(const glia_dataset *dataset, int i) {
    return &dataset->parts[dataset->columns[i].part];
}

static inline gli_data_field *gli_column_field(const glia_dataset *dataset, int i) {
    return &gli_column_part(dataset, i)->store->fields[dataset->columns[i].field];
}

/* A view of the samples order[0 .. count-1]. */
glia_status gli_dataset_view(const glia_dataset *dataset, const char *function, const int64_t *order, int64_t count,
                             glia_dataset **out);

/* Two of them: of the first `count` samples of order, and of all others. NULL: not requested. */
glia_status gli_dataset_two_views(const glia_dataset *dataset, const char *function, const int64_t *order,
                                  int64_t count, glia_dataset **first, glia_dataset **second);

/* Makes columns of a view out of those of a dataset, in its order or, if that is not NULL, in `order`. */
typedef struct gli_column_copy {
    int from, to;
} gli_column_copy;
glia_status gli_dataset_take_columns(glia_dataset *view, const glia_dataset *from, const gli_column_copy *columns,
                                     int n, const int64_t *order);

/* A view of the dataset's samples `order`, or all, in which one column is the only one of another dataset, which has as
 * many samples. */
glia_status gli_dataset_replace_column(const glia_dataset *dataset, const char *function, int column,
                                       const int64_t *order, const glia_dataset *made, glia_dataset **out);

/* The column of this name, the first of inputs, then targets; -1: there is none. */
int gli_dataset_find(const glia_dataset *dataset, const char *name);

/* The names of its fields, as far as they fit, for messages. */
enum { GLI_FIELD_NAMES = 240 };
const char *gli_field_names(const glia_dataset *dataset, char text[GLI_FIELD_NAMES]);

/* Copies the names of classes from one field to another, which has none. */
glia_status gli_class_names_copy(glia_context *ctx, const gli_data_field *from, gli_data_field *to);

/* What is known of a picture's bytes, of a field with the same numbers. */
static inline void gli_byte_scales_copy(const gli_data_field *from, gli_data_field *to) {
    memcpy(to->byte_scale, from->byte_scale, sizeof to->byte_scale);
    to->byte_scales = from->byte_scales;
}

/* Checks the target of a classification, and reads its class of each sample of epoch 0. */
glia_status gli_dataset_labels(const glia_dataset *dataset, const char *function, int target, gli_block *out);

/* Puts samples in the order of their classes; those of one class stay in theirs. */
glia_status gli_dataset_sort_by_class(const glia_dataset *dataset, const char *function, int target, int64_t *samples);

/* The store of a dataset of gli_dataset_new. */
static inline gli_data_store *gli_own_store(const glia_dataset *dataset) { return dataset->parts[0].store; }

/* The store's sample for sample i. */
static inline int64_t gli_part_sample(const gli_part *part, int64_t i) {
    return part->order.data ? ((const int64_t *)part->order.data)[i] : i;
}

/* Bytes of one sample of a field, as delivered. */
size_t gli_field_bytes(const gli_data_field *field);

/* Writes one sample of a field as batches deliver it, of a store of depth 0: it is in memory, or a concatenation of
 * what is, which cannot fail and needs no scratch. Any thread may call it. */
void gli_data_store_deliver(const gli_data_store *store, int field, int64_t sample, void *to);

/* Brings a kept sample to the cache before it is delivered. */
void gli_data_store_prefetch(const gli_data_store *store, int field, int64_t sample);

/* ---- Reading: see read.c ---- */

/* Bytes of scratch that reading one sample of the dataset needs. */
size_t gli_dataset_scratch(const glia_dataset *dataset);

/* Whether any thread may read a sample, and several at once. */
bool gli_dataset_is_concurrent(const glia_dataset *dataset);

/* Functions of the user's that its samples go through. */
int gli_dataset_depth(const glia_dataset *dataset);

/* Writes one sample: column i to to[i], unless that is NULL. */
glia_status gli_sample_read(const glia_dataset *dataset, int64_t index, void *const *to, char *scratch,
                            gli_reading *reading);

/* What reads samples one by one: memory for one of each column of a dataset, and scratch. */
typedef struct gli_cursor {
    const glia_dataset *dataset;
    gli_block memory;
    void *to[GLI_MAX_COLUMNS];
    char *scratch;
    gli_reading reading;
} gli_cursor;

glia_status gli_cursor_create(const glia_dataset *dataset, gli_cursor *out);
void gli_cursor_destroy(gli_cursor *cursor);
glia_status gli_cursor_read(gli_cursor *cursor, int64_t index); /* into to; keeps the message of a failure */

/* Bytes of one sample of each field, and of each column, aligned. */
size_t gli_data_store_bytes(const gli_data_store *store);
size_t gli_dataset_bytes(const glia_dataset *dataset);

/* Points *to, if it is NULL, to `bytes` of scratch. Returns where the rest begins. */
char *gli_place(void **to, size_t bytes, char *scratch);

/* Makes what a function of the user's sees of a sample; to: the inputs, then the targets. The call that follows may
 * fail by gli_reading_fail. */
glia_sample gli_sample_begin(const gli_data_store *store, int64_t index, int n_inputs, void *const *to,
                             gli_reading *reading);

/* Notes a failure, and returns status. */
glia_status gli_reading_fail(gli_reading *reading, glia_status status, const char *who, int64_t sample);

/* Keeps the message of a failure that was noted, and returns its status. */
glia_status gli_reading_explain(glia_context *ctx, const gli_reading *reading);

/* ---- Batches ---- */

/* Gathers n samples into the first n rows of dense tensors, on any device. index must be in range, and the tensors must
 * pass gli_dataset_check_batch. targets NULL: not requested. */
glia_status gli_dataset_gather(const glia_dataset *dataset, int64_t epoch, const int64_t *index, int64_t n,
                               glia_tensor *const *inputs, glia_tensor *const *targets);

/* Uploads the samples to the device, once, where that saves copying each batch: not on the CPU, not where a function
 * makes them, not if they need more than half of the device's free memory. *resident: they are there; if not, the log
 * says why. */
glia_status gli_dataset_make_resident(glia_dataset *dataset, bool *resident);

/* Writes the parts' resident orders, of an augmented dataset the numbers; order has numbers of the dataset's own
 * samples. */
glia_status gli_dataset_upload_order(glia_dataset *dataset, const int64_t *order);

void gli_field_free_resident(gli_data_field *field);

/* Fails unless all of index are numbers of samples. */
glia_status gli_dataset_check_index(const glia_dataset *dataset, const char *function, const int64_t *index, int64_t n);

/* Fails unless the tensors are dense, of this context, and [rows, shape of the field] with the field's dtype. */
glia_status gli_dataset_check_batch(const glia_dataset *dataset, const char *function, int64_t rows,
                                    glia_tensor *const *inputs, glia_tensor *const *targets);

#endif
