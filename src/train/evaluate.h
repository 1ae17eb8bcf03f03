/* Evaluation: by a call of its own, and as the validation of an epoch. */
#ifndef GLI_TRAIN_EVALUATE_H
#define GLI_TRAIN_EVALUATE_H

#include "train/pass.h"

/* unchecked: losses may be infinite or NaN. */
glia_status gli_evaluate(glia_model *model, glia_dataset *data, int batch_size, const char *call, bool unchecked,
                         glia_result *out);

/* Fails where gli_evaluate would before its first step. */
glia_status gli_evaluate_check(glia_model *model, glia_dataset *data, int batch_size, const char *call);

#endif
