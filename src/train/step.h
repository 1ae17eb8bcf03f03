/* A step: the plan for one batch size and one kind of pass, with the tensors that it reads and writes. */
#ifndef GLI_TRAIN_STEP_H
#define GLI_TRAIN_STEP_H

#include "data/dataset.h"
#include "nn/emission.h"
#include "train/training.h"

typedef enum gli_pass_kind {
    GLI_PASS_TRAIN,    /* forward, loss, gradient, optimizer, metrics */
    GLI_PASS_GRADIENT, /* the same without the optimizer: a batch of a step of several */
    GLI_PASS_UPDATE,   /* the optimizer, for the batches before */
    GLI_PASS_EVALUATE, /* forward, loss, metrics */
    GLI_PASS_PREDICT,  /* forward; the outputs are kept */
    GLI_PASS_CONFUSION /* forward; pairs of target and predicted class of the first output are counted */
} gli_pass_kind;

enum { GLI_MAX_STEP_INPUTS = 2 * GLIA_MAX_FIELDS };

/* How many a model keeps: fit with validation uses four, of full and last batches. */
enum { GLI_MAX_STEPS = 8 };

/* The dtype and shape of one sample of an input or target, as the dataset stores it. */
typedef struct gli_sample_spec {
    glia_dtype dtype;
    glia_shape shape;
} gli_sample_spec;

typedef struct gli_step {
    struct gli_step *next;
    gli_pass_kind kind;
    int64_t batch;
    int n_in; /* inputs, then targets */
    gli_sample_spec spec[GLI_MAX_STEP_INPUTS];
    bool unchecked;                       /* of training: it changes the weights whatever its numbers are */
    bool watched;                         /* of training: it leaves the numbers of train/watched.h */
    glia_dataset *resident;               /* retained; the plan takes its samples from there. NULL: from `in` */
    glia_tensor *in[GLI_MAX_STEP_INPUTS]; /* [batch, ...]; NULL: the plan does not need it */
    int n_out;
    glia_tensor *out[GLIA_MAX_OUTPUTS]; /* of GLI_PASS_PREDICT, in the model's dtype; of CONFUSION the counts, i64 */
    glia_plan *plan;
} gli_step;

/* What a step is made for. */
typedef struct gli_step_request {
    gli_pass_kind kind;
    int64_t batch;
    int n_in;
    const gli_sample_spec *spec;
    bool unchecked, watched;
    glia_dataset *resident; /* NULL: batches are given */
} gli_step_request;

/* The step of a request, planned on the first call; the model keeps those used last. It stays until the next call. */
glia_status gli_step_get(glia_model *model, const gli_step_request *request, gli_step **out);

/* Fails where the model's layers go with batches of GLI_NOMINAL_BATCH samples only. vector: as large as its weights. */
glia_status gli_check_other_batch(glia_model *model, glia_tensor *vector);

/* Before the first step of a pass over a data set, from this position of its order on: sets the counters, which the
 * steps then advance themselves. */
glia_status gli_steps_begin(glia_model *model, gli_pass_kind kind, int64_t position);

/* Runs it on the tensors in step->in, or on the next samples of the resident data set. Training counts the batch and
 * the update. */
glia_status gli_step_run(glia_model *model, gli_step *step);

/* The number of the first batch since gli_steps_begin whose loss or gradient was not finite; 0: none. Waits. */
glia_status gli_failed_batch(const glia_model *model, int64_t *batch);

/* ---- Steps of several batches: gli_accumulation_begin, a GLI_PASS_GRADIENT for each batch, and GLI_PASS_UPDATE ----
 */

/* Makes what they need, once after a compile. */
glia_status gli_accumulation_prepare(glia_model *model);

/* samples: of all its batches. */
glia_status gli_accumulation_begin(const glia_model *model, int64_t samples);

/* Keeps the buffers as they are, unless a step failed; and gives them back as they were before the last step that did
 * not fail. */
glia_status gli_keep_buffers(const glia_model *model);
glia_status gli_restore_buffers(const glia_model *model);

/* For a model with a stateful_batch: keeps the buffers aside, and gives them back. */
glia_status gli_put_buffers_aside(const glia_model *model);
glia_status gli_take_buffers_back(const glia_model *model);

void gli_steps_free(glia_context *ctx, gli_step *first);

/* Adds losses and metrics to a graph whose forward pass is there. *total: the sum of the losses that train; with a
 * share (1 / the samples of a step, id 0: none) means over the batch become this batch's part of those over the step.
 */
void gli_emit_losses(gli_emission *e, const gli_training *training, const glia_value *targets, glia_value share,
                     glia_value *total);

/* Before the forward pass, which changes buffers: keeps them as they are, unless a step failed. */
void gli_emit_before(const gli_emission *e, const gli_compiled *compiled);

/* Adds gradient, clipping and optimizer. update: the number of this step for the optimizer, i64. Unless the step is
 * unchecked, a loss or a gradient that is not finite is noted, and from then on the optimizer changes nothing. */
void gli_emit_training(gli_emission *e, const gli_step *step, glia_value total, glia_value update);

/* The same in two parts: what adds the gradient of a batch to that of the step, and what then updates the weights. */
void gli_emit_gradient(gli_emission *e, const gli_step *step, glia_value total);
void gli_emit_update(gli_emission *e, const gli_step *step, glia_value update);

/* The average of weights after a step that made them `weights`, from the one before it. decay: of this step. */
glia_value gli_emit_average_decay(const gli_emission *e, const gli_compiled *compiled, glia_value update);
glia_value gli_emit_average(const gli_emission *e, glia_value average, glia_value weights, glia_value decay);

/* The sums of losses and metrics: how many there are of an output, and of all; sets them to zero; reads them. */
int gli_results_of(const gli_output *output);
int gli_results_count(const gli_training *training);
glia_status gli_results_reset(const gli_training *training, gli_sums whose);
glia_status gli_results_read(const gli_training *training, gli_sums whose, glia_result *out);

#endif
