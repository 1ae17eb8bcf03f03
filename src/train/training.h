/* What training adds to a model: outputs with losses, an optimizer with its state, and plans. */
#ifndef GLI_TRAIN_TRAINING_H
#define GLI_TRAIN_TRAINING_H

#include "glia/state.h"
#include "glia/train.h"
#include "nn/model_impl.h"

typedef struct gli_output {
    int value;             /* id in the model's definition */
    glia_output_args args; /* without the caller's memory; defaults filled in */
    double *class_weight;  /* a copy; NULL: none */
    int64_t classes;
    int64_t elements; /* of a sample's output */
    int64_t n_sums;   /* numbers kept of it over a pass: the loss, a sum and a weight, then those of its metrics */
    int64_t place[GLIA_MAX_METRICS]; /* of each metric's numbers among these */
    char name[GLI_NAME_SIZE];
    char result_name[1 + GLIA_MAX_METRICS][GLI_NAME_SIZE]; /* of the loss and each metric: "age/loss" */
} gli_output;

/* The numbers that a step on the device reads and advances, so that nothing comes from the host. */
enum {
    GLI_COUNTER_BATCH,    /* the number of this batch, of all training; read by the dropout masks */
    GLI_COUNTER_UPDATE,   /* the number of this step since the compile; read by the optimizer */
    GLI_COUNTER_POSITION, /* of the next batch in a resident data set's order */
    GLI_COUNTER_EPOCH,    /* that the model has had, of training; read by the transforms of a resident data set */
    GLI_COUNTERS
};

/* The prediction of a sample for a class, and whether that is its class. */
typedef struct gli_score {
    double score;
    bool positive;
} gli_score;

/* Those of a pass, all classes of a sample after one another. */
typedef struct gli_scores {
    gli_score *all;
    int n, capacity;
} gli_scores;

/* Whose losses and metrics are summed: an evaluation may come between two steps of training. */
typedef enum gli_sums { GLI_SUMS_TRAINING, GLI_SUMS_EVALUATION, GLI_SUMS } gli_sums;

enum { GLI_MAX_OPTIMIZER_STATE = 3, GLI_STATE_NAME_SIZE = 96 /* of a weight, and what the optimizer adds */ };

/* The vectors that training keeps, as many elements as are trained: the optimizer's, and the average of the weights. */
enum { GLI_AVERAGE = GLI_MAX_OPTIMIZER_STATE, GLI_VECTORS };

/* The loss scale of f16 models (train/loss_scale.h), the steps since it changed, and those that the optimizer took. */
enum { GLI_LOSS_SCALE, GLI_LOSS_SCALE_GOOD_STEPS, GLI_LOSS_SCALE_UPDATES, GLI_LOSS_SCALES };

/* What is kept of one weight: a part of one of the vectors. */
typedef struct gli_slot {
    char name[GLI_STATE_NAME_SIZE]; /* "conv1.weight/adam_m" */
    int weight, vector;
} gli_slot;

/* Trained weights that stand side by side in the vector, and are updated in the same way. */
typedef struct gli_weight_group {
    int64_t begin, end; /* elements */
    gli_weight_rules rules;
} gli_weight_group;

struct gli_step;

/* What a compile makes. */
typedef struct gli_compiled {
    glia_optimizer optimizer; /* never the default */
    gli_weight_group *groups; /* of all trained weights */
    int n_groups, cap_groups;
    double clip_value, clip_norm, clip_global_norm;
    double average_decay; /* 0: no average is kept */
    bool average_warmup;
    glia_tensor *state[GLI_VECTORS]; /* NULL: it is not kept */
    gli_slot *slots;                 /* of each trained weight in turn, as many as there are vectors */
    int n_slots;
    int64_t updates;      /* steps since the compile: those of the optimizer */
    int64_t epochs;       /* since the compile */
    double learning_rate; /* now; that of the optimizer is the one it began with */
    glia_tensor *before;  /* the buffers before the last step that did not fail; NULL: the model has none */
    glia_tensor *aside;   /* the buffers before an evaluation; NULL: no layer has a stateful_batch */
    glia_tensor *failed;  /* scalar i64: the first batch whose loss or gradient was not finite, from which on nothing
                           * changes the weights; 0: none */
    glia_tensor *rate;    /* scalar f32, read by the optimizer */
    glia_tensor *loss_scale[GLI_LOSS_SCALES]; /* scalars, of f32, f32 and f64; NULL: the model is not f16 */
    glia_tensor *gradient; /* of the batches so far, as many elements as are trained, for steps of several batches */
    glia_tensor *share;    /* scalar of the model's dtype: 1 / the samples of such a step. NULL, both: there was none */
    glia_tensor *norms;    /* [weights,2] of the model's dtype: of the gradient of each trained weight, and of it */
    glia_tensor *activity; /* of all units of layers with zeros (watched.h), 0: since when this was zeroed, the unit was
                            * 0. NULL, both: no step was watched */
    glia_tensor *counters, *cursor; /* i64 [GLI_COUNTERS], of training and of other passes; steps advance them */
    glia_tensor *sums[GLI_SUMS];    /* f64 [n]: of each output with a loss its n_sums; NULL: no output has a loss */
    gli_scores scores[GLI_SUMS][GLIA_MAX_OUTPUTS]; /* of outputs with GLIA_METRIC_AUC */
    glia_tensor *class_weight[GLIA_MAX_OUTPUTS];
    struct gli_step *steps; /* planned, a list, the last used first */
} gli_compiled;

typedef struct gli_training {
    gli_output outputs[GLIA_MAX_OUTPUTS];
    int n_outputs;
    gli_compiled compiled;
    int64_t batches;               /* of training so far, one for each step unless steps have several */
    int64_t epochs;                /* of training so far */
    struct glia_trainer *in_epoch; /* whose epoch is under way; NULL: none */
    int64_t compiles;              /* so far */
    int64_t position;              /* samples of an epoch that was left in its middle; 0: none was */
    int64_t epoch_samples;         /* of that epoch in all, or of the last one; 0: not known */
    glia_epoch *history;           /* of the last trainer */
    int n_history, cap_history;
} gli_training;

/* How many targets a dataset has for this output: its own where it has a loss, and the weights of samples; and for all
 * outputs of the model. */
int gli_output_targets(const gli_output *output);
int gli_training_targets(const gli_training *training);

/* ---- Losses and metrics ---- */

/* Whether the loss is one over classes. */
bool gli_loss_by_class(glia_loss_kind kind);

/* Its part in the sum of all losses; and whether it has one. */
double gli_loss_weight(const glia_model_loss *loss);
bool gli_loss_trains(const glia_model_loss *loss);

/* Whether its predictions are logits of a binary choice. */
bool gli_loss_of_logits(glia_loss_kind kind);

/* The metrics of an output that names none. */
glia_metric gli_default_metric(glia_loss_kind kind);

/* What a metric keeps over a pass, in f64. */
typedef enum gli_tally {
    GLI_TALLY_NONE,
    GLI_TALLY_MEAN,       /* a sum and a weight */
    GLI_TALLY_CLASSES,    /* for each class, items that are right, predicted, and targets: the same for all metrics */
    GLI_TALLY_DEVIATIONS, /* a count; for each element of a sample, the mean of the targets, and squares, and errors */
    GLI_TALLY_SCORES      /* a count of items, whose scores the host keeps */
} gli_tally;

/* Of GLI_TALLY_CLASSES: what is computed of the counts of a class, and what is made of all classes. */
typedef enum gli_measure { GLI_PRECISION, GLI_RECALL, GLI_F1, GLI_IOU } gli_measure;
typedef enum gli_average { GLI_MACRO, GLI_MICRO, GLI_WEIGHTED } gli_average;

typedef struct gli_metric_rule {
    const char *name;
    gli_tally tally;
    gli_measure measure;
    gli_average average;
} gli_metric_rule;

bool gli_metric_valid(glia_metric metric);
const gli_metric_rule *gli_metric_rule_of(glia_metric metric);

/* The counts of GLI_TALLY_CLASSES, each for all classes; and how many classes an output has: labels, if it is binary.
 */
enum { GLI_CLASS_RIGHT, GLI_CLASS_PREDICTED, GLI_CLASS_TARGETS, GLI_CLASS_COUNTS };
int64_t gli_output_classes(const gli_output *output);

/* The vectors of GLI_TALLY_DEVIATIONS: where each begins, of a metric at this place. */
enum { GLI_DEVIATIONS_MEAN, GLI_DEVIATIONS_SQUARES, GLI_DEVIATIONS_ERRORS, GLI_DEVIATIONS };
int64_t gli_deviations_at(const gli_output *output, int64_t place, int vector);

/* Gives the loss and the metrics of an output their places in its sums. */
void gli_output_place(gli_output *output);

/* Names an output, as given or after the layer that makes its value, and its results. Fails where one of the model's
 * first n_others outputs has the name that is given. */
glia_status gli_output_name(const glia_model *model, const char *call, int n_others, gli_output *output);

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

/* The optimizer with a weight's penalties instead of its own, as far as there are rules for them. */
glia_optimizer gli_optimizer_by_rules(glia_optimizer optimizer, const gli_weight_rules *rules);
/* Its op, whose params it has; NULL: it is the default. */
const gli_op *gli_optimizer_op(const glia_optimizer *optimizer);

/* Whether it keeps vector i of its state; and what that is called, "adam_m". */
bool gli_optimizer_needs(const glia_optimizer *optimizer, int i);
void gli_optimizer_state_name(const glia_optimizer *optimizer, int i, char *name, size_t size);

/* Whether vector i is kept; and what a weight's part of it is called: "conv1.weight/adam_m". */
bool gli_vector_kept(const gli_compiled *compiled, int i);
void gli_slot_name(const gli_compiled *compiled, const gli_weight *weight, int i, char name[GLI_STATE_NAME_SIZE]);

/* Names what is kept of each weight that the layout trains. Fails where a weight has such a name. */
glia_status gli_slots_make(const glia_model *model, const gli_weight_layout *layout, gli_compiled *compiled);

/* One step as an op of a graph. out: the new param, then the new state, as far as it is kept; *half: the new copy. */
typedef struct gli_optimizer_values {
    glia_value param, gradient, rate, update; /* update: the number of the step, i64 */
    glia_value skip;                          /* as in glia/ops/optimizer.h; id 0: no step is skipped */
    glia_value half;                          /* the same; id 0: there is no copy of the param */
    const glia_value *state;
} gli_optimizer_values;
void gli_optimizer_emit(const glia_optimizer *optimizer, glia_graph *graph, const gli_optimizer_values *in,
                        glia_value *out, glia_value *half);

/* ---- The average of the weights ---- */

/* Whether the model is compiled to have it. */
bool gli_average_kept(const glia_model *model);

/* Where `use` says so, the averages are in the weights' place, and the weights in theirs. call: for messages. */
glia_status gli_use_average(glia_model *model, const char *call, bool use);

#endif
