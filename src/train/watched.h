/* What steps tell of themselves where that is asked for: norms of gradients, and units that are always 0. */
#ifndef GLI_TRAIN_WATCHED_H
#define GLI_TRAIN_WATCHED_H

#include "glia/callbacks.h"
#include "train/step.h"

/* Makes what watched steps write to, once after a compile. */
glia_status gli_watched_prepare(glia_model *model);

/* From now on the activity counts. */
glia_status gli_watched_reset(const glia_model *model);

/* The elements of the layer's output for one sample, where it ends in an activation that can be 0 for many inputs;
 * otherwise 0. */
int64_t gli_watched_units(const glia_model *model, int layer);

/* As ops of a step. weight: its number. */
void gli_emit_activity(const gli_emission *e);
void gli_emit_norms(const gli_emission *e, int weight, glia_value gradient, glia_value value);

/* Fills in as many rows as the model has weights and layers, at most. Waits. */
glia_status gli_watched_read(const glia_model *model, glia_weight_report *weights, glia_layer_report *layers,
                             glia_gradient_report *out);

#endif
