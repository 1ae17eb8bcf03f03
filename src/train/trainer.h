/* The inside of a trainer: what fit does, one step at a time. Whoever calls these has begun a call of the model
 * (train/pass.h). */
#ifndef GLI_TRAIN_TRAINER_H
#define GLI_TRAIN_TRAINER_H

#include "train/pass.h"
#include "train/progress.h"

struct glia_trainer {
    glia_model *model; /* retained */
    glia_fit_args args;
    glia_dataset *validation; /* retained; NULL: none */
    int epochs;               /* that there will be, unless it is stopped */
    int64_t steps;            /* of an epoch */
    gli_pass pass;
    gli_progress_view view;
    glia_epoch epoch;         /* under way, or the last one */
    int64_t batches, updates; /* of all training, and since the compile, before this epoch */
    double begun, looked; /* seconds: when the epoch began, and when steps that are not finite were last looked for */
    int n_begun;          /* callbacks whose on_begin has returned GLIA_OK, or that have none */
    bool told, ended;     /* on_begin was called, and on_end */
    bool stop_asked, stopped; /* the first is atomic */
    bool running;             /* a call of it has not returned */
    bool destroyed;           /* by a callback: freed when that call returns */
};

/* args may be NULL. call: of the user, for messages. */
glia_status gli_trainer_create(glia_model *model, glia_dataset *data, const glia_fit_args *args, const char *call,
                               glia_trainer **out);
void gli_trainer_destroy(glia_trainer *trainer);

/* Checks the args; begins the pass over the data, or over all but the validation's share of them. */
glia_status gli_trainer_take_data(glia_trainer *trainer, glia_dataset *data, const char *call);

/* What messages of the validation begin with. */
enum { GLI_CALL_TEXT = 64 };
const char *gli_validation_call(const char *call, char text[GLI_CALL_TEXT]);

/* One step. Begins an epoch where none is under way, and ends it after its last step. */
glia_status gli_trainer_step(glia_trainer *trainer);

/* Whether an epoch of this trainer is under way. */
bool gli_in_epoch(const glia_trainer *trainer);

/* Whether it has had its epochs, or was stopped. */
bool gli_trainer_done(const glia_trainer *trainer);

/* GLIA_NOT_FINITE where a step of the epoch under way was not finite, and may not have been noticed yet. Waits. */
glia_status gli_check_epoch(const glia_model *model);

glia_status gli_trainer_result(const glia_trainer *trainer, glia_epoch *out);

#endif
