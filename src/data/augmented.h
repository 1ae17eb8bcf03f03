/* Datasets as a training sees them: another one, each sample as transforms make it in an epoch. */
#ifndef GLI_DATA_AUGMENTED_H
#define GLI_DATA_AUGMENTED_H

#include "data/dataset.h"
#include "glia/augment.h"
#include "ops/data/augmentation.h"

/* The state of an augmented dataset's store. */
typedef struct gli_augmented {
    glia_dataset *of;                               /* retained; its samples have the same numbers */
    glia_take_batch_params params[GLI_MAX_COLUMNS]; /* of each column: its role, and the transforms; batch is 0 */
    gli_augmentation of_picture;
    int picture, boxes; /* their columns; -1: there are no boxes */
} gli_augmented;

/* A dataset of the samples of `of` as the list makes them, by this seed; *out is NULL, and nothing made, where the list
 * is empty. call: for messages, "glia_model_fit". */
glia_status gli_dataset_augment(glia_dataset *of, const glia_augment_args *args, uint64_t seed, const char *call,
                                glia_dataset **out);

/* The dataset of the parts in the middle, for a validation; *out is NULL where its pictures have the size of args, or
 * args have none. */
glia_status gli_dataset_center(glia_dataset *of, const glia_augment_args *args, const char *call, glia_dataset **out);

/* NULL: it is no augmented dataset. */
const gli_augmented *gli_dataset_augmented(const glia_dataset *dataset);

/* The dataset whose samples are kept: of an augmented one the other, else itself. */
static inline glia_dataset *gli_dataset_kept(glia_dataset *dataset) {
    const gli_augmented *a = gli_dataset_augmented(dataset);
    return a ? a->of : dataset;
}

#endif
