/* What a failed batch does not say by itself: it is run again, slowly. */
#ifndef GLI_TRAIN_DIAGNOSIS_H
#define GLI_TRAIN_DIAGNOSIS_H

#include "train/pass.h"

/* A batch of a pass: the samples `first` .. first + count - 1 in the loader's order. */
typedef struct gli_suspect {
    const gli_pass *pass;
    int64_t first, count;
    int64_t step;      /* of GLI_PASS_TRAIN: its number of all training */
    const char *where; /* "glia_model_fit: epoch 1, step 3" */
} gli_suspect;

/* Returns GLIA_NOT_FINITE, with a message that names the first number that is infinite or NaN: in the samples, in the
 * weights, in the output of a layer, in the loss or, going back, in the gradient of a layer. Changes buffers. */
glia_status gli_diagnose(const gli_suspect *batch);

#endif
