/* Checkpoints: the whole state of a model (glia/state.h) in one file of safetensors, from which its training goes on to
 * the same bits. The model itself is in it, too (glia/model_file.h).
 *
 *     glia_callback save = {0};
 *     char path[4096];
 *     GLIA_TRY(glia_checkpoints(ctx, &(glia_checkpoint_args){.folder = "run"}, &save));
 *     if (glia_latest_checkpoint(ctx, "run", NULL, path, sizeof path) == GLIA_OK)
 *         GLIA_TRY(glia_model_load_checkpoint(net, path));
 *     GLIA_TRY(glia_model_fit(net, train, &(glia_fit_args){.epochs = 20, .resume = true, .callbacks = {save}}));
 *     glia_callback_destroy(&save);
 *
 * is one program that begins, and goes on wherever it was ended before. */
#ifndef GLIA_CHECKPOINT_H
#define GLIA_CHECKPOINT_H

#include "glia/callbacks.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes all states of a model that is compiled. A file of this name is replaced as a whole, or stays as it was. A
 * weight or a state of the optimizer that is infinite or NaN: GLIA_NOT_FINITE, and nothing is written. */
GLIA_API glia_status glia_model_save_checkpoint(const glia_model *model, const char *path);

/* Sets all states of a model that was built and compiled alike. A file that lacks one of them, or has others, changes
 * nothing: GLIA_SHAPE_MISMATCH, and the message names the first. */
GLIA_API glia_status glia_model_load_checkpoint(glia_model *model, const char *path);

typedef struct glia_checkpoint_args {
    const char *folder;  /* is made where it is not there yet, but not the folders above it */
    const char *name;    /* default "checkpoint": files are NAME-STEP.safetensors */
    int every_epochs;    /* default 1 */
    int64_t every_steps; /* within epochs as well, after each so many steps since the compile; default: never */
    int keep;            /* the newest so many; older ones are deleted; default 3 */
    bool best;           /* NAME-best.safetensors: that of the epoch with the best watched value */
    const char *watch;   /* as in glia_early_stopping_args */
    glia_better better;
} glia_checkpoint_args;

/* Writes checkpoints after epochs and, where that is asked for, steps, and when training is told to stop. This call
 * deletes what processes that were killed while writing have left: parts of files, and more than are kept. It should
 * stand last among the callbacks, so that what others change is in the file. The state of other callbacks is in no
 * file. A folder with a checkpoint of more steps than the training has had belongs to another one:
 * GLIA_INVALID_ARGUMENT. */
GLIA_API glia_status glia_checkpoints(glia_context *ctx, const glia_checkpoint_args *args, glia_callback *out);

/* The path of the newest checkpoint of that name, the one of most steps. name NULL: "checkpoint". GLIA_NOT_FOUND: there
 * is none. */
GLIA_API glia_status glia_latest_checkpoint(glia_context *ctx, const char *folder, const char *name, char *path,
                                            size_t bytes);

/* While a training runs, SIGINT (Ctrl-C) stops it as glia_trainer_stop does; a second one ends the process as always.
 * One training of the process at a time can have this: GLIA_BUSY for others. */
GLIA_API glia_status glia_stop_on_interrupt(glia_context *ctx, glia_callback *out);

#ifdef __cplusplus
}
#endif
#endif
