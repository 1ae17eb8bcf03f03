/* A step: the plan for one batch size and one kind of pass, with the tensors that it reads and writes. */
#ifndef GLI_TRAIN_STEP_H
#define GLI_TRAIN_STEP_H

#include "data/dataset.h"
#include "nn/emission.h"
#include "train/feed.h"
#include "train/training.h"

typedef enum gli_pass_kind {
    GLI_PASS_TRAIN,        /* forward, loss, gradient, optimizer, metrics */
    GLI_PASS_ACCUMULATE,   /* the same without the optimizer: a batch of a step of several */
    GLI_PASS_UPDATE,       /* the optimizer, for the batches before */
    GLI_PASS_EVALUATE,     /* forward, loss, metrics */
    GLI_PASS_PREDICT,      /* forward; the outputs are kept */
    GLI_PASS_CONFUSION,    /* forward; pairs of target and predicted class of the first output are counted */
    GLI_PASS_LAYER,        /* forward, up to a layer, whose output is kept */
    GLI_PASS_GRADIENT,     /* forward, and the gradient of the output of a layer */
    GLI_PASS_LOSS_GRADIENT /* forward, loss, and its gradient; no step is taken */
} gli_pass_kind;

/* Whether a pass of this kind reads targets; whether it is a part of training. */
bool gli_pass_has_targets(gli_pass_kind kind);
bool gli_pass_trains(gli_pass_kind kind);

/* What the last three kinds are about. */
typedef struct gli_inspection {
    int value;    /* id in the definition: its content, or the gradient with respect to it, is the output of the step */
    int of;       /* of GLI_PASS_GRADIENT: the value whose gradient it is */
    bool largest; /* of its largest element for each sample; otherwise of all, each times its number in `seed` */
} gli_inspection;

/* How many a model keeps. Training uses two, of full and last batches, and one for the update where a step has several;
 * a validation and each look use two. */
enum { GLI_MAX_STEPS = 16 };

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
    glia_take_batch_params *augment;      /* of resident: how it takes each column; NULL: as they are */
    glia_tensor *in[GLI_MAX_STEP_INPUTS]; /* [batch, ...]; NULL: the plan does not need it */
    gli_feed feed;                        /* receives the next batch while `in` may still be read */
    int n_out;
    glia_tensor *out[GLIA_MAX_OUTPUTS]; /* of GLI_PASS_PREDICT, f32 or f64; of CONFUSION the counts, i64; of
                                         * an inspection what it asks for */
    glia_tensor *scores[GLIA_MAX_OUTPUTS],
        *score_targets[GLIA_MAX_OUTPUTS]; /* train/scores.h; NULL: the output needs none */
    gli_inspection inspection;
    glia_tensor *seed; /* of GLI_PASS_GRADIENT [1, sample of `of`]; of LOSS_GRADIENT a scalar, gli_emission.share */
    glia_plan *plan;
} gli_step;

/* What a step is made for. */
typedef struct gli_step_request {
    gli_pass_kind kind;
    int64_t batch;
    int n_in;
    const gli_sample_spec *spec;
    bool unchecked, watched;
    gli_inspection inspection;
    glia_dataset *resident;                /* NULL: batches are given */
    const glia_take_batch_params *augment; /* as in gli_step, which has a copy */
} gli_step_request;

/* The step of a request, planned on the first call; the model keeps those used last. It stays until the next call. */
glia_status gli_step_get(glia_model *model, const gli_step_request *request, gli_step **out);

/* Fails where the model's layers go with batches of GLI_NOMINAL_BATCH samples only. layout: what its weights will have.
 */
glia_status gli_check_other_batch(glia_model *model, const gli_weight_layout *layout);

/* Before the first step of a pass over a data set, from this position of its order on: sets the counters, which the
 * steps then advance themselves. */
glia_status gli_steps_begin(glia_model *model, gli_pass_kind kind, int64_t position);

/* Runs it on the tensors in step->in, or on the next samples of the resident data set. Training counts the batch and
 * the update. */
glia_status gli_step_run(glia_model *model, gli_step *step);

/* The number of the first batch since gli_steps_begin whose loss was not finite, or of the last batch of the first step
 * whose gradient was not; 0: none. Waits. */
glia_status gli_failed_batch(const glia_model *model, int64_t *batch);

/* ---- Steps of several batches: gli_accumulation_begin, a GLI_PASS_ACCUMULATE for each batch, and GLI_PASS_UPDATE ----
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

/* Adds what takes the next batch of the resident data set, from where the counters say: its columns. */
void gli_emit_samples(const gli_emission *e, const gli_step *step, glia_value counters, glia_value *samples);

/* Adds losses and metrics to a graph whose forward pass is there. *total: the sum of the losses that train. */
void gli_emit_losses(gli_emission *e, const gli_training *training, const glia_value *targets, glia_value *total);

/* The shape of a value of the definition, for this many samples; and its dtype, but f32 for halves: as programs get it.
 */
glia_shape gli_value_shape(const glia_model *model, int value, int64_t batch);
glia_dtype gli_value_dtype(const glia_model *model, int value);

/* Adds what the step's inspection asks for to a graph whose forward pass is there. */
void gli_emit_inspection(gli_emission *e, const gli_step *step, const glia_value *targets, glia_value *out);

/* Before the forward pass, which changes buffers: keeps them as they are, unless a step failed. */
void gli_emit_before(const gli_emission *e, const gli_compiled *compiled);

/* Adds gradient, clipping and optimizer. update: the number of this step for the optimizer, i64. Unless the step is
 * unchecked, a loss or a gradient that is not finite is noted, and from then on the optimizer changes nothing. */
void gli_emit_training(gli_emission *e, const gli_step *step, glia_value total, glia_value update);

/* The same in two parts: what adds the gradient of a batch to that of the step and notes a loss that is not finite; and
 * what then notes a gradient that is not, and updates the weights. */
void gli_emit_gradient(gli_emission *e, const gli_step *step, glia_value total);
void gli_emit_update(gli_emission *e, const gli_step *step, glia_value update);

/* The average of weights after a step that made them `weights`, from the one before it. decay: of this step. */
glia_value gli_emit_average_decay(const gli_emission *e, const gli_compiled *compiled, glia_value update);
glia_value gli_emit_average(const gli_emission *e, glia_value average, glia_value weights, glia_value decay);

/* The sums of losses and metrics: how many numbers there are; sets them to zero; reads them. */
int64_t gli_results_count(const gli_training *training);
glia_status gli_results_reset(gli_training *training, gli_sums whose);
glia_status gli_results_read(const gli_training *training, gli_sums whose, glia_result *out);

/* The names of these, before there are any. */
void gli_results_names(const gli_training *training, glia_result *out);

/* The losses alone, which are quickly told. */
glia_status gli_results_read_losses(const gli_training *training, gli_sums whose, glia_result *out);

#endif
