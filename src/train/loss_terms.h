/* The terms of losses that no op of their own computes. */
#ifndef GLI_TRAIN_LOSS_TERMS_H
#define GLI_TRAIN_LOSS_TERMS_H

#include "train/metrics.h"

/* Checks the numbers of such a loss. */
glia_status gli_check_terms(glia_context *ctx, const glia_model_loss *loss);

/* Of focal, in the prediction's shape; of dice and iou, [N,C]. */
glia_value gli_emit_focal_terms(const gli_emission *e, const gli_judged *judged);
glia_value gli_emit_area_terms(const gli_emission *e, const gli_judged *judged);

#endif
