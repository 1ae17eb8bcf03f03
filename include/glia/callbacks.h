/* Ready-made callbacks of training: early stopping, schedules of the learning rate, logs, a time limit.
 *
 *     glia_callback stop = {0}, log = {0};
 *     GLIA_TRY(glia_early_stopping(ctx, &(glia_early_stopping_args){.patience = 5, .restore_best = true}, &stop));
 *     GLIA_TRY(glia_csv_log(ctx, "training.csv", &log));
 *     GLIA_TRY(glia_model_fit(net, train, &(glia_fit_args){.epochs = 100, .callbacks = {stop, log}}));
 *     glia_callback_destroy(&stop);
 *     glia_callback_destroy(&log);
 *
 * One serves one training at a time, and begins anew with each. Messages begin with the name of its function. */
#ifndef GLIA_CALLBACKS_H
#define GLIA_CALLBACKS_H

#include "glia/train.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Ends a callback of this header, which then does nothing; after the training. NULL and {0} are allowed. */
GLIA_API void glia_callback_destroy(glia_callback *callback);

/* ---- Numbers of an epoch by name: "loss", the metrics as in glia_result ("accuracy", "age/mae"), and with "val_"
 * before them those of the validation ---- */

/* The number of that name. GLIA_NOT_FOUND: the epoch has none; the message names those it has. */
GLIA_API glia_status glia_epoch_value(glia_context *ctx, const glia_epoch *epoch, const char *name, double *out);

typedef enum glia_better {
    GLIA_BETTER_DEFAULT, /* of losses and of mse, mae, rmse the smaller; of all other metrics the larger */
    GLIA_BETTER_SMALLER,
    GLIA_BETTER_LARGER
} glia_better;

/* ---- Early stopping ---- */

typedef struct glia_early_stopping_args {
    const char *watch; /* default "val_loss", without validation "loss"; copied. Where epochs have no such number,
                        * training ends with GLIA_NOT_FOUND before the first step */
    glia_better better;
    double min_delta;  /* what is better by less is not better */
    int patience;      /* stops when the best value is this many epochs old; default 1 */
    bool restore_best; /* at the end of training, stopped or not, weights, their averages and statistics are those of
                        * the best epoch */
} glia_early_stopping_args;

/* NaN is worse than any number. Of restore_best: the optimizer's state stays that of the last epoch. args may be NULL.
 */
GLIA_API glia_status glia_early_stopping(glia_context *ctx, const glia_early_stopping_args *args, glia_callback *out);

/* Stops after the step in which this many seconds have passed. */
GLIA_API glia_status glia_time_limit(glia_context *ctx, double seconds, glia_callback *out);

/* ---- Schedules of the learning rate ---- */

typedef enum glia_schedule_kind {
    GLIA_SCHEDULE_CONSTANT,
    GLIA_SCHEDULE_STEP,            /* rate gamma^floor(t / period) */
    GLIA_SCHEDULE_MULTI_STEP,      /* rate gamma^(how many milestones are at most t) */
    GLIA_SCHEDULE_EXPONENTIAL,     /* rate gamma^t */
    GLIA_SCHEDULE_POLYNOMIAL,      /* rate (1 - min(t, total) / total)^power */
    GLIA_SCHEDULE_COSINE,          /* floor + (rate - floor) (1 + cos(pi min(t, total) / total)) / 2 */
    GLIA_SCHEDULE_COSINE_RESTARTS, /* the same in cycles of total, total factor, total factor^2, ... */
    GLIA_SCHEDULE_ONE_CYCLE /* from rate / 25 to rate at 0.3 total, to rate / 250,000 at its end, along cosines */
} glia_schedule_kind;

enum { GLIA_MAX_MILESTONES = 16 };

/* t counts epochs, or steps, since the compile, from 0; `rate` is the optimizer's. Sources: Loshchilov and Hutter, ICLR
 * 2017 (cosine with restarts); Smith and Topin, 2019 (one cycle). With equal numbers, rates are those of PyTorch's
 * StepLR, MultiStepLR, ExponentialLR, PolynomialLR, CosineAnnealingLR, CosineAnnealingWarmRestarts, OneCycleLR. */
typedef struct glia_schedule {
    glia_schedule_kind kind;
    bool by_step;       /* t counts steps; default: epochs */
    int64_t warmup;     /* before the schedule begins: over so many t, from rate * warmup_from linearly to rate */
    double warmup_from; /* of the rate, 0 to 1 */
    double gamma, power, floor, factor;
    int64_t period, total;
    int n_milestones;
    int64_t milestones[GLIA_MAX_MILESTONES]; /* ascending */
} glia_schedule;

GLIA_API glia_schedule glia_schedule_step(int64_t period, double gamma);
GLIA_API glia_schedule glia_schedule_exponential(double gamma);
GLIA_API glia_schedule glia_schedule_polynomial(int64_t total, double power);
GLIA_API glia_schedule glia_schedule_cosine(int64_t total, double floor);
GLIA_API glia_schedule glia_schedule_cosine_restarts(int64_t first_cycle, double factor, double floor);
GLIA_API glia_schedule glia_schedule_one_cycle(int64_t total);

/* The rate at t; NaN where the schedule is invalid. */
GLIA_API double glia_schedule_rate(const glia_schedule *schedule, double rate, int64_t t);

/* Sets the rate before each step, or each epoch. The optimizer's own rate is the one that it had when compiled. */
GLIA_API glia_status glia_learning_rate_schedule(glia_context *ctx, const glia_schedule *schedule, glia_callback *out);

typedef struct glia_plateau_args {
    const char *watch; /* as in glia_early_stopping_args */
    glia_better better;
    double factor;           /* of the rate, below 1; default 0.1 */
    int patience;            /* epochs that are no better before the rate changes; default 10 */
    glia_optional threshold; /* better by less than this part of the best value is no better; default 1e-4 */
    int cooldown;            /* epochs after a change that do not count */
    double floor;            /* of the rate */
} glia_plateau_args;

/* Lowers the rate when the watched value is no longer getting better: PyTorch's ReduceLROnPlateau. args may be NULL. */
GLIA_API glia_status glia_reduce_on_plateau(glia_context *ctx, const glia_plateau_args *args, glia_callback *out);

/* ---- Gradients that vanish or explode, and units that are dead ---- */

typedef struct glia_weight_report {
    const char *name;
    double gradient; /* the L2 norm of its gradient in the last step, before clipping and penalties */
    double norm;     /* its own before that step */
} glia_weight_report;

/* A layer that ends in relu, clip, hard_sigmoid or hard_swish. */
typedef struct glia_layer_report {
    const char *name;
    int64_t units; /* elements of its output for one sample */
    int64_t dead;  /* of these, how many were 0 for every sample that was trained on since the last report */
} glia_layer_report;

typedef struct glia_gradient_report {
    int n_weights, n_layers;
    const glia_weight_report *weights; /* all that are trained; as long as the call */
    const glia_layer_report *layers;
} glia_gradient_report;

typedef struct glia_watch_gradients_args {
    int64_t every_steps; /* a report after each so many steps since the compile; default: after each epoch */
    glia_status (*report)(void *user, const glia_event *event, const glia_gradient_report *report); /* may be NULL */
    void *user;
    const char *path; /* each report is added to this file: {"epoch":1,"step":469,"gradient":{"conv1.weight":0.31,...},
                       * "weight":{...},"dead":{"conv1":0.25,...}}, dead as shares, in one line. NULL: to none */
} glia_watch_gradients_args;

/* Steps compute these numbers while this callback is there, and nothing of them without it. */
GLIA_API glia_status glia_watch_gradients(glia_context *ctx, const glia_watch_gradients_args *args, glia_callback *out);

/* ---- Logs: a line after each epoch, at once, so that a run that dies leaves all that it had ---- */

/* epoch,steps,seconds,learning_rate,loss,accuracy,val_loss,... after a line of these names. Both add to a file that is
 * there; where a training before had other columns, a line of names comes first. */
GLIA_API glia_status glia_csv_log(glia_context *ctx, const char *path, glia_callback *out);

/* {"epoch":1,"steps":469,...}; numbers that are not finite are null, as JSON has none. */
GLIA_API glia_status glia_jsonl_log(glia_context *ctx, const char *path, glia_callback *out);

#ifdef __cplusplus
}
#endif
#endif
