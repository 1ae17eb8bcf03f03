/* The inside of a dataset. */
#ifndef GLI_DATA_DATASET_H
#define GLI_DATA_DATASET_H

#include "core/memory.h"
#include "glia/data.h"

enum { GLI_FIELD_NAME = 64 };

/* delivered = stored * scale + offset */
typedef struct gli_affine {
    double scale, offset;
} gli_affine;

/* One input or target: what is stored, and what batches deliver. */
typedef struct gli_data_field {
    char name[GLI_FIELD_NAME];
    glia_shape shape;     /* of one sample */
    int64_t elements;     /* of one sample */
    int64_t stride;       /* elements from a sample to the next: `elements`, or fewer or more for sliding windows */
    glia_dtype stored;    /* in data; unused for a generator */
    glia_dtype delivered; /* in batches */
    const char *data;     /* all samples; NULL for a generator */
    gli_block owned;      /* the memory of data, if it is the dataset's */
    int64_t channels;     /* the equal parts of a sample, each with its own scale and offset; 0: not scaled */
    gli_block affine;     /* a gli_affine for each channel */
    gli_block table;      /* of scaled u8: the 256 results for each channel; not for many small channels */

    glia_tensor *resident;       /* all samples, on the device: as stored if there is a table, else as delivered */
    glia_tensor *resident_table; /* the table, on the device */
} gli_data_field;

struct glia_dataset {
    glia_context *ctx;
    int references; /* atomic: the creator's, and one for each split and loader */
    int64_t count;
    int n_inputs, n_targets;
    gli_data_field fields[2 * GLIA_MAX_FIELDS]; /* the inputs, then the targets */
    glia_generate_fn generate;                  /* NULL: from the fields' data */
    void *user;
    glia_dataset *root;          /* of a split: the dataset with the fields; never a split itself */
    gli_block order;             /* of a split: int64_t, the root's sample for each of its own */
    glia_tensor *resident_order; /* i64 [count]: the root's samples in the order of an epoch, on the device */
    const void *order_of;        /* whoever uploaded it last */
};

/* A dataset without fields. function: the caller's name, for messages. */
glia_status gli_dataset_new(glia_context *ctx, const char *function, int64_t count, int n_inputs, int n_targets,
                            glia_dataset **out);

/* Sets the name, the shape and the dtype, stored and delivered, of field i: input i, or target i - n_inputs. */
glia_status gli_dataset_describe(glia_dataset *dataset, const char *function, int i, const glia_field *description);

/* Makes field i deliver value * scale[c] + offset[c] in f32, where c counts the `channels` equal parts of a sample;
 * offset NULL: zeros. */
glia_status gli_dataset_scale(glia_dataset *dataset, int i, int64_t channels, const double *scale,
                              const double *offset);

void gli_dataset_retain(glia_dataset *dataset);

/* The dataset with the fields. */
static inline const glia_dataset *gli_dataset_root(const glia_dataset *dataset) {
    return dataset->root ? dataset->root : dataset;
}

/* Gathers n samples into the first n rows of dense tensors, on any device. index must be in range, and the tensors must
 * pass gli_dataset_check_batch. targets NULL: not requested. */
glia_status gli_dataset_gather(const glia_dataset *dataset, const int64_t *index, int64_t n, glia_tensor *const *inputs,
                               glia_tensor *const *targets);

/* Uploads the samples to the device, once, where that saves copying each batch: not on the CPU, not from a generator,
 * not if they need more than half of the device's free memory. *resident: they are there; if not, the log says why. */
glia_status gli_dataset_make_resident(glia_dataset *dataset, bool *resident);

/* Writes resident_order; order has numbers of the dataset's own samples. */
glia_status gli_dataset_upload_order(glia_dataset *dataset, const int64_t *order);

void gli_dataset_free_resident(glia_dataset *dataset);

/* Writes one sample of a field as batches deliver it. */
void gli_field_deliver(const gli_data_field *field, int64_t sample, void *to);

/* The root's sample for sample i. */
static inline int64_t gli_root_sample(const glia_dataset *dataset, int64_t i) {
    return dataset->order.data ? ((const int64_t *)dataset->order.data)[i] : i;
}

/* Fails unless the tensors are dense, of this context, and [rows, shape of the field] with the field's dtype. */
glia_status gli_dataset_check_batch(const glia_dataset *dataset, const char *function, int64_t rows,
                                    glia_tensor *const *inputs, glia_tensor *const *targets);

#endif
