/* Labels for a dataset whose samples have classes that are known without reading them, as files in folders have. */
#ifndef GLI_DATA_CLASS_LABELS_H
#define GLI_DATA_CLASS_LABELS_H

#include "glia/data.h"

typedef struct gli_labels {
    int64_t (*label)(const void *user, int64_t sample); /* the class of a sample */
    const void *user;
    glia_dtype dtype; /* i32 or i64 */
    const char *const *class_names;
    int64_t classes;
} gli_labels;

/* The dataset, which has one input and no target, with the target "label". Labels are in memory, so that whoever wants
 * them alone, to balance classes for instance, reads no sample. */
glia_status gli_dataset_add_labels(glia_dataset *dataset, const gli_labels *labels, glia_dataset **out);

#endif
