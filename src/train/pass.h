/* A pass over a data set: one epoch of fit, an evaluation, a prediction. */
#ifndef GLI_TRAIN_PASS_H
#define GLI_TRAIN_PASS_H

#include "data/loader.h"
#include "train/step.h"

enum { GLI_DEFAULT_BATCH = 32, GLI_DEFAULT_EVALUATION_BATCH = 256 };

/* What a pass needs: the dataset's specs once, and a loader. */
typedef struct gli_pass {
    glia_model *model;
    gli_pass_kind kind;
    const char *call; /* for messages */
    int n_spec;
    gli_sample_spec spec[2 * GLIA_MAX_FIELDS];
    gli_inspection inspection; /* of the kinds that have one */
    gli_loader loader;
    bool resident;    /* the samples are on the device, and the steps take them from there */
    bool begun;       /* the steps' counters are set */
    bool unchecked;   /* steps of training that are not finite count as others */
    bool watched;     /* steps of training leave the numbers of train/watched.h */
    int accumulate;   /* batches of a step of training */
    bool user_failed; /* what failed is a function of the user's, a source or a callback, and not a step */
} gli_pass;

/* Around every call that passes over a data set. The context and the model outlive it, whatever its callbacks do.
 * Sources, logs and custom ops run in the middle of a step, and cannot use the model. */
glia_status gli_call_begin(glia_model *model, const char *call);
glia_status gli_call_end(glia_model *model, glia_status status);

/* The batch size that is given, or that of layers with states, or the fallback. */
int gli_batch_size(const glia_model *model, int given, int fallback);

glia_status gli_check_data(const glia_model *model, const glia_dataset *data, const char *call);

/* Checks, and allocates what the loader needs, which gli_loader_destroy gives back, also after a failure. */
glia_status gli_pass_begin(gli_pass *p, glia_model *model, gli_pass_kind kind, glia_dataset *data,
                           const gli_loader_args *args, const char *call);

/* Runs all batches. prepare gets each step before it runs, NULL: none does; take after it. */
typedef struct gli_batch_work {
    glia_status (*prepare)(void *to, gli_step *step);
    glia_status (*take)(void *to, const gli_step *step);
    void *to;
} gli_batch_work;
glia_status gli_pass_run(gli_pass *p, const gli_batch_work *work);

/* Plans all steps of an epoch, so that errors occur before any state changes. */
glia_status gli_pass_plan(const gli_pass *p, const char *call);

/* The samples of a step; the last one of an epoch may have fewer. */
int64_t gli_pass_samples(const gli_pass *p);

/* A step of training: its batches and, where it may have several, the update that follows them. *plan_bytes: of the
 * buffer for its first batch. */
glia_status gli_pass_train(gli_pass *p, size_t *plan_bytes);

/* The step for a batch of this size. Fails where a callback or a source has destroyed the model. */
glia_status gli_pass_get(const gli_pass *p, int64_t batch, gli_step **step);

/* Loads the next batch and runs its step; *step is NULL after the last one. */
glia_status gli_pass_step(gli_pass *p, gli_step **step);

#endif
