/* What the ready-made callbacks share. */
#ifndef GLI_CALLBACKS_CALLBACK_H
#define GLI_CALLBACKS_CALLBACK_H

#include "core/context_impl.h"
#include "glia/callbacks.h"

/* The state of a callback of `bytes`, zeroed; it retains the context. */
glia_status gli_callback_state(glia_context *ctx, size_t bytes, void **out);
void gli_callback_state_free(glia_context *ctx, void *state, size_t bytes);

/* The number of an epoch that a callback watches, and which of two is better. */
typedef struct gli_watch {
    char name[80]; /* "": val_loss, without validation loss */
    glia_better better;
} gli_watch;

/* call: for messages. */
glia_status gli_watch_init(glia_context *ctx, const char *call, const char *name, glia_better better, gli_watch *out);

/* Before the first epoch: GLIA_NOT_FOUND where epochs will not have the number. */
glia_status gli_watch_begin(const gli_watch *watch, glia_context *ctx, const glia_event *event);

/* The name and the number of this epoch. */
glia_status gli_watch_read(const gli_watch *watch, glia_context *ctx, const glia_epoch *epoch, const char **name,
                           double *out);

/* Whether larger numbers of this name are better. */
bool gli_watch_larger(const gli_watch *watch, const char *name);

#endif
