/* A step: the plan for one batch size and one use of a model, with the tensors that it reads and writes. */
#ifndef GLIA_TRAIN_STEP_H
#define GLIA_TRAIN_STEP_H

#include "data/dataset.h"
#include "nn/model_impl.h"

typedef enum glia_use {
    GLIA_USE_TRAIN,    /* forward, loss, gradient, optimizer, metrics */
    GLIA_USE_EVALUATE, /* forward, loss, metrics */
    GLIA_USE_PREDICT,  /* forward; the outputs are kept */
    GLIA_USE_CONFUSION /* forward; pairs of target and predicted class of the first output are counted */
} glia_use;

enum { GLIA_MAX_STEP_INPUTS = 2 * GLIA_MAX_FIELDS };

/* How many a model keeps: fit with validation uses four, of full and last batches. */
enum { GLIA_MAX_STEPS = 8 };

/* The dtype and shape of one sample of an input or target, as the dataset stores it. */
typedef struct glia_sample_spec {
    glia_dtype dtype;
    glia_shape shape;
} glia_sample_spec;

typedef struct glia_step {
    struct glia_step *next;
    glia_use use;
    int64_t batch;
    int n_in; /* inputs, then targets */
    glia_sample_spec spec[GLIA_MAX_STEP_INPUTS];
    glia_dataset *resident;                /* retained; the plan takes its samples from there. NULL: from `in` */
    glia_tensor *in[GLIA_MAX_STEP_INPUTS]; /* [batch, ...]; NULL: the plan does not need it */
    int n_out;
    glia_tensor *out[GLIA_MAX_OUTPUTS]; /* of GLIA_USE_PREDICT, in the model's dtype; of CONFUSION the counts, i64 */
    glia_plan *plan;
} glia_step;

/* What a step is made for. */
typedef struct glia_step_request {
    glia_use use;
    int64_t batch;
    int n_in;
    const glia_sample_spec *spec;
    glia_dataset *resident; /* NULL: batches are given */
} glia_step_request;

/* The step of a request, planned on the first call; the model keeps those used last. It stays until the next call. */
glia_status glia_step_get(glia_model *model, const glia_step_request *request, glia_step **out);

/* Before the first step of a pass over a data set: sets the counters, which the steps then advance themselves. */
glia_status glia_steps_begin(glia_model *model, glia_use use);

/* Runs it on what stands in step->in, or on the next samples of the resident data set. Training counts the step. */
glia_status glia_step_run(glia_model *model, glia_step *step);

void glia_steps_free(glia_context *ctx, glia_step *first);

/* Adds loss, metrics and, in training, gradient, clipping and optimizer to a graph whose forward pass is there. */
void glia_emit_losses(glia_emission *e, const glia_value *targets, glia_value *total);
void glia_emit_training(glia_emission *e, glia_value total);

/* Whether the loss is one over classes: class weights, label smoothing and an ignored index go with these only. */
bool glia_loss_by_class(glia_model_loss loss);

/* What is measured when nothing was asked for. */
glia_metric glia_default_metric(glia_model_loss loss);

/* Sets the sums and counts of losses and metrics to zero; reads them. */
glia_status glia_results_reset(glia_model *model);
glia_status glia_results_read(glia_model *model, glia_result *out);

/* How many targets a dataset has for this model: one for each output with a loss. */
int glia_model_targets(const glia_model *model);

#endif
