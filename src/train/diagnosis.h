/* What a failed step does not say by itself: its batches are run again, slowly. */
#ifndef GLI_TRAIN_DIAGNOSIS_H
#define GLI_TRAIN_DIAGNOSIS_H

#include "train/pass.h"

/* Of a pass that failed with this status, other than by a function of the user's: where an index of its samples is out
 * of range, the message names the sample. The status. */
glia_status gli_name_bad_index(const gli_pass *p, glia_status status);

enum { GLI_SAMPLE_TEXT = 64 };

/* "sample 17": its place in the data set, of one at this position of the loader's order. */
const char *gli_sample_text(const gli_loader *loader, int64_t position, char text[GLI_SAMPLE_TEXT]);

/* Tensors for a batch of the pass, inputs, then targets. Those of a failure are the caller's, too. */
glia_status gli_batch_create(const gli_pass *p, int64_t count, glia_tensor **out);
void gli_batch_destroy(glia_tensor **batch);

/* A batch of a pass, or the batches of a step: the samples `first` .. first + count - 1 in the loader's order. */
typedef struct gli_suspect {
    const gli_pass *pass;
    int64_t first, count;
    int64_t step;      /* of GLI_PASS_TRAIN: the number of the first batch, of all training */
    const char *where; /* "glia_model_fit: epoch 1, step 3" */
} gli_suspect;

/* Returns GLIA_NOT_FINITE, with a message that names the first number that is infinite or NaN: in the samples, in the
 * weights, in the output of a layer, in the loss or, going back, in the gradient of a layer. Changes buffers. */
glia_status gli_diagnose(const gli_suspect *batch);

#endif
