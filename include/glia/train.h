/* Training: losses and optimizers, compile, fit, trainers, evaluate, predict. */
#ifndef GLIA_TRAIN_H
#define GLIA_TRAIN_H

#include "glia/augment.h"
#include "glia/data.h"
#include "glia/model.h"
#include "glia/ops/loss.h"
#include "glia/ops/optimizer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Losses: values made by the functions below, to be changed where needed ---- */

/* Options of the cross-entropies. */
typedef struct glia_class_options {
    double label_smoothing; /* 0 to 1 */
    bool ignore;            /* targets equal to ignore_index do not count */
    int64_t ignore_index;
    const double *class_weight; /* one for each class, none negative, copied by the call that takes the loss; or NULL */
} glia_class_options;

typedef struct glia_model_loss {
    glia_loss_kind kind;      /* GLIA_LOSS_NONE: the output takes no targets */
    glia_reduction reduction; /* mean or sum */
    glia_optional weight;     /* of this loss among several [1]; with 0 the output takes no part in training */
    union {
        glia_class_options classes; /* of the cross-entropies */
        double delta;               /* of huber */
        bool log_target;            /* of kl: targets are logarithms */
        double smooth;              /* of dice and iou: added above and below the line; above 0 */
        struct {
            double gamma; /* how much less what is right counts; not negative */
            double alpha; /* the weight of positive targets, of others 1 - alpha; negative: all have 1 */
        } focal;
    };
} glia_model_loss;

/* Of logits [C,...]; targets: class indices [...], or probabilities [C,...]. */
GLIA_API glia_model_loss glia_loss_cross_entropy(void);

/* The same of probabilities, clamped to 1e-7 as Keras has it, or, where they are the output of a softmax over the
 * classes, of its logits, as Keras does, too; and of log-probabilities. */
GLIA_API glia_model_loss glia_loss_categorical_cross_entropy(void);
GLIA_API glia_model_loss glia_loss_nll(void);

/* Binary cross entropy of probabilities, and of logits. */
GLIA_API glia_model_loss glia_loss_bce(void);
GLIA_API glia_model_loss glia_loss_bce_logits(void);

/* The means of the squared and of the absolute errors, and of the first within delta and the second beyond. */
GLIA_API glia_model_loss glia_loss_mse(void);
GLIA_API glia_model_loss glia_loss_mae(void);
GLIA_API glia_model_loss glia_loss_huber(double delta);

/* Of log-probabilities, to target probabilities; the sum over the classes, the mean over the batch. */
GLIA_API glia_model_loss glia_loss_kl(void);

/* Of logits, to targets 0 and 1 in their shape: the terms of bce_logits times (1 - q)^gamma, where q is the probability
 * that the output gives to the target, and times alpha of positive targets, 1 - alpha of others: gamma 2, alpha 0.25.
 * Of several classes each is one against the rest. Source: Lin et al., "Focal Loss for Dense Object Detection";
 * torchvision's sigmoid_focal_loss. */
GLIA_API glia_model_loss glia_loss_focal(void);

/* Of probabilities p, to targets t from 0 to 1 in their shape, for segmentation: of each sample and class, dimension 1,
 *   dice   1 - (2 I + s) / (P + T + s)
 *   iou    1 - (I + s) / (P + T - I + s)
 * with the sums over its elements I of p t, P of p and T of t, and s = smooth, 1. The mean of these. The range of
 * targets is not checked: masks of 0 and 255 have to be divided by 255 first, as .mask_values of
 * glia_image_dataset_args does. Source: Milletari et al., "V-Net", with the sums of MONAI's DiceLoss; Rahman, Wang,
 * "Optimizing Intersection-Over-Union in Deep Neural Networks for Image Segmentation". */
GLIA_API glia_model_loss glia_loss_dice(void);
GLIA_API glia_model_loss glia_loss_iou(void);

/* ---- Metrics ---- */

typedef enum glia_metric {
    GLIA_METRIC_DEFAULT, /* accuracy for the cross-entropies, binary accuracy for the binary ones, iou for areas, else
                            none */
    GLIA_METRIC_NONE,
    GLIA_METRIC_ACCURACY,        /* the class with the largest output; two or more classes */
    GLIA_METRIC_BINARY_ACCURACY, /* the threshold is a probability of 0.5 */
    GLIA_METRIC_TOP_K,
    GLIA_METRIC_MSE,
    GLIA_METRIC_MAE,
    GLIA_METRIC_RMSE, /* the square root of the mean squared error over all samples */
    GLIA_METRIC_R2, /* of each element of the output, 1 - squared errors / squared deviations of targets; their mean */
    GLIA_METRIC_PRECISION, /* these three: the mean over the classes */
    GLIA_METRIC_RECALL,
    GLIA_METRIC_F1,
    GLIA_METRIC_PRECISION_MICRO, /* of the counts of all classes */
    GLIA_METRIC_RECALL_MICRO,
    GLIA_METRIC_F1_MICRO,
    GLIA_METRIC_PRECISION_WEIGHTED, /* the mean over the classes, each weighted by its targets */
    GLIA_METRIC_RECALL_WEIGHTED,
    GLIA_METRIC_F1_WEIGHTED,
    GLIA_METRIC_IOU, /* right / (predicted + targets - right), the mean over the classes: Jaccard's index */
    GLIA_METRIC_IOU_MICRO,
    GLIA_METRIC_AUC /* the area under the ROC curve, exactly; of several classes or labels their mean, one against the
                     * rest. Of those without samples, or with nothing else, there is none; of none it is NaN. The
                     * host keeps the scores of all samples: docs/training.md */
} glia_metric;

/* All are those of scikit-learn, over the samples of the epoch or the data set, whatever the batches are: the device
 * keeps sums and counts in f64, of terms in the model's dtype. Targets that the loss ignores do not count. Of an output
 * whose loss is over classes, the prediction is the class with the largest number, and classes that neither a target
 * nor a prediction has are left out of means. Of other outputs each element is a prediction of its own, positive above
 * a probability of 0.5, and dimension 1 numbers the classes: [N,1] and [N] have one, [N,L] has L labels; a target is
 * positive above 0.5. What would be divided by zero is 0. r2 of targets that are all equal is 1 without errors, else 0,
 * and NaN of fewer than two samples. */

enum { GLIA_MAX_METRICS = 8, GLIA_MAX_OUTPUTS = 8, GLIA_MAX_RESULTS = GLIA_MAX_OUTPUTS * (1 + GLIA_MAX_METRICS) };

/* ---- Optimizers: values made by the functions below, to be changed where needed ---- */

typedef enum glia_optimizer_kind {
    GLIA_OPTIMIZER_DEFAULT, /* glia_optimizer_adam(1e-3) */
    GLIA_OPTIMIZER_SGD,
    GLIA_OPTIMIZER_ADAM,
    GLIA_OPTIMIZER_ADAGRAD,
    GLIA_OPTIMIZER_RMSPROP
} glia_optimizer_kind;

typedef struct glia_optimizer {
    glia_optimizer_kind kind;
    glia_optional learning_rate;
    union {
        glia_sgd_params sgd;
        glia_adam_params adam;
        glia_adagrad_params adagrad;
        glia_rmsprop_params rmsprop;
    };
} glia_optimizer;

/* The formulas are in glia/ops/optimizer.h; the numbers not given are those of glia_X_defaults(). In a struct that was
 * not made by one of these, zero is zero: an Adam with an epsilon of 0 divides by it. */
GLIA_API glia_optimizer glia_optimizer_sgd(double learning_rate);
GLIA_API glia_optimizer glia_optimizer_momentum(double learning_rate, double momentum);
GLIA_API glia_optimizer glia_optimizer_nesterov(double learning_rate, double momentum);
GLIA_API glia_optimizer glia_optimizer_adagrad(double learning_rate);
GLIA_API glia_optimizer glia_optimizer_rmsprop(double learning_rate);
GLIA_API glia_optimizer glia_optimizer_adam(double learning_rate);
GLIA_API glia_optimizer glia_optimizer_adamw(double learning_rate, double weight_decay);

/* ---- Compile ---- */

/* Loss and metrics of one output. */
typedef struct glia_output_args {
    glia_model_loss loss;
    glia_metric metrics[GLIA_MAX_METRICS];
    int top_k;           /* default 5 */
    bool sample_weights; /* each sample, or each term of its loss, has a weight, with which it is multiplied, in
                          * evaluations too */
    const char *name;    /* of its results, where several outputs have a loss; default: that of the layer. Copied */
} glia_output_args;

/* Adds an output; outputs take the dataset's targets in the order of their calls, skipping those without a loss. With
 * sample_weights the target behind the output's own is a float for each sample, or one for each term of its loss: a
 * mask where they are 0 and 1. The terms of a loss over classes have the output's shape without the classes, those of
 * dice and iou are its classes, and those of other losses have its shape. A mean is still divided by what it is divided
 * by without them, mostly the number of samples, as in Keras: so a sample counts alike in each batch. Weights are taken
 * as they are: a negative one makes its sample's loss larger. Metrics have no weights. args NULL: no loss. */
GLIA_API glia_status glia_model_output(glia_model *model, glia_value value, const glia_output_args *args);

typedef struct glia_compile_args {
    glia_model_loss loss; /* these four: of `output`, as in glia_output_args */
    glia_metric metrics[GLIA_MAX_METRICS];
    int top_k;
    bool sample_weights;
    glia_optimizer optimizer; /* default: glia_optimizer_adam(1e-3) */
    double clip_value;        /* gradients to +- this; 0: not */
    double clip_norm;         /* each weight's gradient to this norm; 0: not */
    double clip_global_norm;  /* the global norm of all gradients to this; 0: not */
    double average_decay;     /* keeps an average of each trained weight, below 1: see glia_model_use_average; 0: not */
    bool average_warmup;      /* the decay of step t is at most (1 + t) / (10 + t) */
} glia_compile_args;

/* Checks the model, lays out its weights and initialises those that have no values yet. `output` with id 0: outputs
 * were added by glia_model_output. May be called again, with weights kept, for example after glia_model_freeze; the
 * optimizer starts anew. Has to be called again after an input, a weight, a layer or an output was added. A call that
 * fails leaves the model as it was. args may be NULL: no loss. */
GLIA_API glia_status glia_model_compile(glia_model *model, glia_value output, const glia_compile_args *args);

GLIA_API glia_status glia_model_set_learning_rate(glia_model *model, double rate); /* between epochs or steps */
GLIA_API double glia_model_learning_rate(const glia_model *model);                 /* NaN: the model is not compiled */

/* Puts the averages in the place of the weights, for evaluations, predictions and files of weights; with use false the
 * weights are back. Until then training, glia_model_save and checkpoints fail with GLIA_INVALID_ARGUMENT. A compile
 * makes weights of what is in their place. After step t an average is decay average + (1 - decay) weight, and after the
 * first the weight: an exponential moving average, as PyTorch's AveragedModel. Buffers have none. */
GLIA_API glia_status glia_model_use_average(glia_model *model, bool use);

/* ---- Fit ---- */

/* The metrics of one output have names such as "accuracy". Where several outputs have a loss, each has its loss here
 * too, without its weight, and its name goes before: "age/loss", "age/mae". The names live as long as the model. */
typedef struct glia_result {
    double loss; /* the weighted mean over all samples: of a cross-entropy over the weights of their classes */
    int n_metrics;
    const char *metric_name[GLIA_MAX_RESULTS];
    double metric[GLIA_MAX_RESULTS];
} glia_result;

typedef struct glia_epoch {
    int epoch, epochs;   /* from 1 */
    double seconds;      /* of training, without validation */
    double host_seconds; /* of these, until the host had started the last step; the rest it waited for the device */
    int64_t steps;       /* taken in this epoch */
    size_t plan_bytes;   /* of the buffer of a step with a full batch */
    glia_result train;   /* of the passes that trained, so with dropout */
    bool has_validation;
    glia_result validation;
} glia_epoch;

typedef enum glia_progress {
    GLIA_PROGRESS_NONE,
    GLIA_PROGRESS_AUTO, /* a bar if standard output is a terminal, else a line an epoch */
    GLIA_PROGRESS_LINES
} glia_progress;

/* ---- Events: what a training tells its callbacks ---- */

typedef struct glia_trainer glia_trainer;

typedef struct glia_event {
    glia_trainer *trainer; /* for glia_trainer_stop and glia_trainer_result */
    glia_model *model;
    const glia_epoch *epoch; /* under way; `train` is known at its end, `validation` after the evaluation */
    int64_t steps;           /* of the whole epoch */
} glia_event;

/* A function left out is not called. A result other than GLIA_OK ends the call that trains, which returns it; the
 * message names the result, followed by the message of a call that failed in the function. It may use the model:
 * evaluate, predict, read and set weights, train between two epochs. It may destroy it: then the next step ends with
 * GLIA_CANCELLED. */
typedef struct glia_callback {
    void *user;
    glia_status (*on_begin)(void *user, const glia_event *event);     /* before the first step */
    glia_status (*on_batch_end)(void *user, const glia_event *event); /* a step was taken */
    glia_status (*on_evaluation_end)(void *user, const glia_event *event);
    glia_status (*on_epoch_end)(void *user, const glia_event *event);  /* after the evaluation, if there is one */
    glia_status (*on_not_finite)(void *user, const glia_event *event); /* before GLIA_NOT_FINITE is returned */
    glia_status (*on_stop)(void *user, const glia_event *event);       /* after glia_trainer_stop, before on_end */
    glia_status (*on_end)(void *user, const glia_event *event);        /* training has ended, in whatever way */
    void (*destroy)(void *user); /* of a callback of glia/callbacks.h, for glia_callback_destroy; never called else */
} glia_callback;

enum { GLIA_MAX_CALLBACKS = 8 };

typedef struct glia_fit_args {
    int epochs;               /* default 1 */
    int batch_size;           /* default 32; the last batch of an epoch may be smaller */
    glia_dataset *validation; /* evaluated after each epoch; losses that are not finite end fit, after on_epoch_end */
    double validation_share;  /* instead of `validation`: this share of the samples, above 0 and below 1, rounded to
                               * whole ones; the last of the data, without which it then trains */
    bool validate_average;    /* evaluates the averages of the weights, see glia_model_use_average */
    bool in_order;            /* without shuffling */
    int accumulate;           /* batches of one step of the optimizer, default 1: see below */
    bool drop_last;           /* without a last batch that is smaller */
    bool balanced;            /* an epoch has as many samples as the data, and of each class of the first target equally
                               * many, give or take one: another choice of them in each epoch, or all of them several
                               * times. Reads the label of each sample once, before the first step */
    bool resume;              /* goes on where the model's last training was stopped, in the middle of an epoch too;
                               * with the same data and args to the same bits; `epochs` are then all that the model has
                               * had. An epoch that was left in its middle goes on only with data of as many samples;
                               * otherwise GLIA_INVALID_ARGUMENT */
    glia_augment_args augment; /* what the training does to its samples, and the validation does not */
    bool allow_not_finite;     /* losses and gradients that are infinite or NaN end nothing, and change the weights */
    glia_progress progress;    /* on standard output */
    glia_callback callbacks[GLIA_MAX_CALLBACKS]; /* called in their order */
} glia_fit_args;

/* Trains. The dataset's inputs are the model's in their order; a name that is that of another input is an error. Wrong
 * shapes and dtypes, also of the validation data and the last batch, fail before the first step; labels
 * out of range and errors of a source fail when they occur. So does a step whose loss or gradient is infinite or
 * NaN: GLIA_NOT_FINITE, and the model, its optimizer too, is as it was before that step. The message names the step
 * and the first number that is not finite: of a sample, a weight, the output of a layer, or a gradient. New weights are
 * not checked: one that an update made infinite is named by the step that first has a loss or gradient that is not
 * finite, and stays. Validation data whose loss is not finite end fit with GLIA_NOT_FINITE after on_epoch_end has had
 * that epoch: the model keeps what the epoch taught it, and the message says that it was the validation, and names the
 * first such number there. The order of samples and the dropout masks follow from the context's seed and from how many
 * epochs and steps the model has had, so that two runs give the same bits. args may be NULL.
 *
 * With accumulate N a step goes over N batches, and takes as much memory as one, and that of a gradient of each trained
 * weight: gradients add up, and clipping and the optimizer have what a batch of them all would give, up to rounding; so
 * has the last step of an epoch, of the batches that are left. What a layer does with a batch as a whole it does with
 * each of the N: batch normalisation, and dropout, whose masks are those of N batches. A mean that leaves out targets
 * or weighs classes is taken in each batch, which then counts by its samples. */
GLIA_API glia_status glia_model_fit(glia_model *model, glia_dataset *data, const glia_fit_args *args);

/* The epochs of the last fit or trainer, the first one first; as long as no other epoch ends and no other training
 * begins. NULL, and a count of 0: none. */
GLIA_API const glia_epoch *glia_model_history(const glia_model *model, int *count);

/* ---- Trainers: fit, step by step ----
 *
 *     while (!glia_trainer_done(trainer)) GLIA_TRY(glia_trainer_step(trainer));
 *
 * does what fit does, to the same bits. Between two calls the model can be used, but in the middle of an epoch not be
 * compiled, nor trained by others: GLIA_BUSY. */

/* Checks as fit does, and keeps model and data in memory; the callbacks have to live as long. args may be NULL. */
GLIA_API glia_status glia_trainer_create(glia_model *model, glia_dataset *data, const glia_fit_args *args,
                                         glia_trainer **out);
/* Calls on_end where it was not yet. NULL is allowed; in a callback, when its call returns. */
GLIA_API void glia_trainer_destroy(glia_trainer *trainer);

/* One step of the optimizer; the first of an epoch begins it, the last one ends it, with the evaluation. After a
 * failure the epoch begins anew. A step that is not finite may be told by one of those after it, within a second and
 * before the epoch's end: none of these changes the model. GLIA_CANCELLED: the trainer is done. */
GLIA_API glia_status glia_trainer_step(glia_trainer *trainer);

/* Steps to the end of the epoch. */
GLIA_API glia_status glia_trainer_epoch(glia_trainer *trainer);

/* No step follows the one under way, and what trains ends with GLIA_OK. May be called by a callback, and by a signal
 * handler. */
GLIA_API void glia_trainer_stop(glia_trainer *trainer);

/* Whether it has had all its epochs, or was stopped: after glia_trainer_stop the next glia_trainer_step ends it. */
GLIA_API bool glia_trainer_done(const glia_trainer *trainer);

/* The epoch under way, `train` as the mean of its steps so far, for which it waits; between two epochs the last one. */
GLIA_API glia_status glia_trainer_result(const glia_trainer *trainer, glia_epoch *out);

/* ---- Evaluate, predict ---- */

/* batch_size 0: 256. GLIA_NOT_FINITE where the loss is infinite or NaN; out has it nevertheless, and the states of
 * layers with a stateful_batch are those that the first such batch began with. */
GLIA_API glia_status glia_model_evaluate(glia_model *model, glia_dataset *data, int batch_size, glia_result *out);

/* The first output for every sample of data, [count, ...] in the model's dtype. batch_size 0: 256. */
GLIA_API glia_status glia_model_predict(glia_model *model, glia_dataset *data, int batch_size, void *out, size_t bytes);

/* All outputs, in their order. */
GLIA_API glia_status glia_model_predict_all(glia_model *model, glia_dataset *data, int batch_size, void *const *out,
                                            const size_t *bytes, int n_out);

/* The first output for `count` samples that lie one after another in memory, of a model with one input; the input's
 * dtype, and the model's for out: [count, ...]. Batches of up to 256; after the first call for a count it allocates
 * nothing. */
GLIA_API glia_status glia_model_predict_array(glia_model *model, const void *input, size_t input_bytes, int64_t count,
                                              void *out, size_t bytes);

/* The class with the largest output, for every sample of data; the first output is [classes, ...] of two classes or
 * more, and out is [count, ...], of which bytes is the size. Of equal outputs the first counts, and NaN counts as
 * larger than any number. */
GLIA_API glia_status glia_model_predict_classes(glia_model *model, glia_dataset *data, int batch_size, int64_t *out,
                                                size_t bytes);

/* counts[target * classes + predicted] of the first output's classes, without targets that its loss ignores; bytes:
 * classes * classes * 8. The first output needs a loss, and so a target. */
GLIA_API glia_status glia_model_confusion_matrix(glia_model *model, glia_dataset *data, int batch_size, int64_t *counts,
                                                 size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
