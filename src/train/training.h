/* What training adds to a model: outputs with losses, an optimizer with its state, and plans. */
#ifndef GLI_TRAIN_TRAINING_H
#define GLI_TRAIN_TRAINING_H

#include "glia/state.h"
#include "glia/train.h"
#include "nn/model_impl.h"

typedef struct gli_output {
    int value;             /* id in the model's definition */
    glia_output_args args; /* without the caller's class weights; defaults filled in */
    double *class_weight;  /* a copy; NULL: none */
    int64_t classes;
} gli_output;

/* The numbers that a step on the device reads and advances, so that nothing comes from the host. */
enum {
    GLI_COUNTER_STEP,     /* the number of this step, of all training; read by the dropout masks */
    GLI_COUNTER_UPDATE,   /* the number of this step since the compile; read by the optimizer */
    GLI_COUNTER_POSITION, /* of the next batch in a resident data set's order */
    GLI_COUNTERS
};

/* Whose losses and metrics are summed: an evaluation may come between two steps of training. */
typedef enum gli_sums { GLI_SUMS_TRAINING, GLI_SUMS_EVALUATION, GLI_SUMS } gli_sums;

enum { GLI_MAX_OPTIMIZER_STATE = 3, GLI_STATE_NAME_SIZE = 96 /* of a weight, and what the optimizer adds */ };

/* What the optimizer keeps of one weight: a part of a vector of its state. */
typedef struct gli_slot {
    char name[GLI_STATE_NAME_SIZE]; /* "conv1.weight/adam_m" */
    int weight, vector;
} gli_slot;

struct gli_step;

/* What a compile makes. */
typedef struct gli_compiled {
    glia_optimizer optimizer; /* never the default */
    double clip_value, clip_norm, clip_global_norm;
    glia_tensor *state[GLI_MAX_OPTIMIZER_STATE]; /* as many elements as are trained; NULL: it needs fewer */
    gli_slot *slots;                             /* of each trained weight in turn, as many as there are vectors */
    int n_slots;
    int64_t updates;      /* steps since the compile: those of the optimizer */
    int64_t epochs;       /* since the compile */
    double learning_rate; /* now; that of the optimizer is the one it began with */
    glia_tensor *before;  /* the buffers before the last step that did not fail; NULL: the model has none */
    glia_tensor *aside;   /* the buffers before an evaluation; NULL: no layer has a stateful_batch */
    glia_tensor *failed;  /* scalar i64: the first step whose loss or gradient was not finite, from which on nothing
                           * changes the weights; 0: none */
    glia_tensor *rate;    /* scalar f32, read by the optimizer */
    glia_tensor *counters, *cursor; /* i64 [GLI_COUNTERS], of training and of other passes; steps advance them */
    glia_tensor *sums[GLI_SUMS];    /* f64 [n,2], a sum and a count: of each output with a loss its loss, then its
                                     * metrics; NULL: no output has a loss */
    glia_tensor *class_weight[GLIA_MAX_OUTPUTS];
    struct gli_step *steps; /* planned, a list, the last used first */
} gli_compiled;

typedef struct gli_training {
    gli_output outputs[GLIA_MAX_OUTPUTS];
    int n_outputs;
    gli_compiled compiled;
    int64_t steps;                 /* of training so far */
    int64_t epochs;                /* of training so far */
    struct glia_trainer *in_epoch; /* whose epoch is under way; NULL: none */
    int64_t compiles;              /* so far */
    int64_t position;              /* samples of an epoch that was left in its middle; 0: none was */
    glia_epoch *history;           /* of the last trainer */
    int n_history, cap_history;
} gli_training;

/* How many targets a dataset has for this model: one for each output with a loss. */
int gli_training_targets(const gli_training *training);

/* ---- Losses and metrics ---- */

/* Whether the loss is one over classes. */
bool gli_loss_by_class(glia_loss_kind kind);

/* Its part in the sum of all losses; and whether it has one. */
double gli_loss_weight(const glia_model_loss *loss);
bool gli_loss_trains(const glia_model_loss *loss);

/* The metrics of an output that names none. */
glia_metric gli_default_metric(glia_loss_kind kind);

/* "accuracy"; "none" also for the default. */
const char *gli_metric_name(glia_metric metric);

/* Checks the numbers of a loss. */
glia_status gli_loss_check(glia_context *ctx, const glia_model_loss *loss);

/* Fails where the last op of the output shows that it gives logits and the loss takes probabilities, or the other way
 * round. */
glia_status gli_loss_check_output(const glia_model *model, const char *call, int value, glia_loss_kind kind);

/* ---- Optimizers ---- */

#define GLI_MAX_LEARNING_RATE 1e6

/* Fills in the default, and checks all numbers. */
glia_status gli_optimizer_resolve(glia_context *ctx, const glia_optimizer *given, glia_dtype dtype,
                                  glia_optimizer *out);

/* Its op, whose params it has; NULL: it is the default. */
const gli_op *gli_optimizer_op(const glia_optimizer *optimizer);

/* Whether it keeps vector i of its state; and what that is called, "adam_m". */
bool gli_optimizer_needs(const glia_optimizer *optimizer, int i);
void gli_optimizer_state_name(const glia_optimizer *optimizer, int i, char *name, size_t size);

/* Names what the optimizer keeps of each weight that the layout trains. Fails where a weight has such a name. */
glia_status gli_slots_make(const glia_model *model, const gli_weight_layout *layout, gli_compiled *compiled);

/* One step as an op of a graph. out: the new param, then the new state, as far as it is kept. */
typedef struct gli_optimizer_values {
    glia_value param, gradient, rate, update; /* update: the number of the step, i64 */
    glia_value skip;                          /* as in glia/ops/optimizer.h; id 0: no step is skipped */
    const glia_value *state;
} gli_optimizer_values;
void gli_optimizer_emit(const glia_optimizer *optimizer, glia_graph *graph, const gli_optimizer_values *in,
                        glia_value *out);

#endif
