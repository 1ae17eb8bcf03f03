/* The loss scale of f16 models, whose gradients would be 0 where they are below 2^-24: the loss is multiplied by it
 * before the backward pass, and the gradients of the weights, which are f32, are divided by it. A step whose gradients
 * are not finite is left out and halves the scale; 2000 steps without one double it. All of that happens on the device.
 * Sources: Micikevicius et al., "Mixed Precision Training", ICLR 2018; the numbers are those of PyTorch's GradScaler.
 */
#ifndef GLI_TRAIN_LOSS_SCALE_H
#define GLI_TRAIN_LOSS_SCALE_H

#include "train/graph_calls.h"
#include "train/training.h"

/* What a step works with. */
typedef struct gli_scaling {
    glia_value scale;   /* f32; id 0: the model has none */
    glia_value inverse; /* 1 / scale */
} gli_scaling;

/* Makes the states; does nothing for models of another dtype. */
glia_status gli_loss_scale_make(const glia_model *model, gli_compiled *compiled);

gli_scaling gli_emit_scaling(const gli_emission *e, const gli_compiled *compiled);

/* The number of this step for the optimizer, i64, from 1 on: those that are left out do not count. */
glia_value gli_emit_scaled_update(const gli_emission *e, const gli_compiled *compiled);

/* The states after a step, which `skip`, an i64 scalar, leaves out where it is not 0. So is failed, id 0: 0; where that
 * is not 0, training has failed, and the states stay as they are. */
void gli_emit_loss_scale(const gli_emission *e, const gli_compiled *compiled, glia_value skip, glia_value failed);

/* Fails for a value that state i of GLI_LOSS_SCALES cannot have. call, name: for the message. */
glia_status gli_loss_scale_accept(glia_context *ctx, const char *call, const char *name, int i, const void *value);

/* Fails where the scale has fallen so far that the gradients cannot have been too large. call: for the message. */
glia_status gli_loss_scale_check(const glia_model *model, const char *call);

#endif
