/* Losses and metrics of outputs in the graph of a step: each adds to its numbers in the model's sums. */
#ifndef GLI_TRAIN_METRICS_H
#define GLI_TRAIN_METRICS_H

#include "glia/ops/metric.h"
#include "train/graph_calls.h"
#include "train/step.h"

/* An output of a graph, and what it should have been. */
typedef struct gli_judged {
    const gli_output *output;
    glia_tensor *class_weight; /* NULL: none */
    glia_value prediction, target;
    glia_value sample_weight; /* [N], or one for each term of the loss; id 0: none */
    glia_value sums;          /* f64, of all outputs */
    int64_t first;            /* of this output */
} gli_judged;

/* The target in the dtype of the prediction, and in its shape where it has as many elements. */
glia_value gli_emit_target_like(const gli_emission *e, const gli_judged *judged);

/* Of targets that are classes: 1 for those that count, 0 for those that the loss ignores, f64. id 0: all count. */
glia_value gli_emit_kept(const gli_emission *e, const gli_judged *judged);

/* Classes with 0 in place of those that do not count. */
glia_value gli_emit_known_index(const gli_emission *e, glia_value target, glia_value kept);

/* Adds to the sum and the weight at this place of the output's sums. */
void gli_emit_mean(const gli_emission *e, const gli_judged *judged, int64_t place, const glia_accumulate_params *params,
                   glia_value value, glia_value weights);

/* Adds all metrics of the output. */
void gli_emit_metrics(const gli_emission *e, const gli_judged *judged);

#endif
