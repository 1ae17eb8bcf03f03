/* The area under the ROC curve needs the scores of all samples: each step leaves those of its batch in tensors of its
 * own, and the host keeps them. */
#ifndef GLI_TRAIN_SCORES_H
#define GLI_TRAIN_SCORES_H

#include "train/metrics.h"

/* Makes the tensors of a step. */
glia_status gli_scores_make(const glia_model *model, gli_step *step);

/* Makes the graph of a step, whose forward pass is there, leave its scores in them. */
void gli_emit_scores(const gli_emission *e, const gli_step *step, const glia_value *targets);

/* After a run of the step: keeps its scores, for which it waits, if its model has such a metric. */
glia_status gli_scores_take(const glia_model *model, const gli_step *step);

/* Those of training as a state, rows of an output, a score, and 1 if it is positive; whether the model has it. */
enum { GLI_SCORE_COLUMNS = 3 };
bool gli_scores_kept(const gli_training *training);
int64_t gli_scores_count(const gli_training *training);
void gli_scores_get(const gli_training *training, double *rows);
glia_status gli_scores_set(glia_context *ctx, gli_training *training, const char *call, const double *rows, int64_t n);

void gli_scores_reset(gli_compiled *compiled, gli_sums whose);
void gli_scores_free(glia_context *ctx, gli_compiled *compiled);

/* The mean of the areas of all classes or labels that have samples and lack samples; NaN: there is none, some score is
 * NaN, or not as many items are kept as were counted. */
glia_status gli_scores_auc(glia_context *ctx, const gli_output *output, const gli_scores *scores, double counted,
                           double *out);

#endif
