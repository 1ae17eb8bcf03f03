/* Words for the enums of losses. */
#ifndef GLI_OPS_LOSS_LOSS_NAMES_H
#define GLI_OPS_LOSS_LOSS_NAMES_H

#include "glia/ops/loss.h"

extern const char *const gli_loss_names[GLIA_LOSS_COUNT];
extern const char *const gli_reduction_names[GLIA_REDUCTION_NONE + 1];

#endif
