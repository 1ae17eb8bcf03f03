#include "callbacks/callback.h"

#include <stdio.h>
#include <string.h>

#include "train/trainer.h"

glia_status gli_callback_state(glia_context *ctx, size_t bytes, void **out) {
    GLI_TRY(gli_new(ctx, 1, bytes, "a callback", out));
    gli_context_retain(ctx);
    return GLIA_OK;
}

void gli_callback_state_free(glia_context *ctx, void *state, size_t bytes) {
    gli_free(ctx, state, 1, bytes);
    gli_context_release(ctx);
}

void glia_callback_destroy(glia_callback *callback) {
    if (!callback) return;
    if (callback->destroy) callback->destroy(callback->user);
    *callback = (glia_callback){0};
}

/* ---- Numbers by name ---- */

/* "loss, accuracy, val_loss, val_accuracy" */
static void list_names(const glia_epoch *epoch, char *text, size_t size) {
    size_t used = (size_t)snprintf(text, size, "loss");
    for (int part = 0; part <= epoch->has_validation; ++part) {
        const glia_result *result = part ? &epoch->validation : &epoch->train;
        if (part && used < size) used += (size_t)snprintf(text + used, size - used, ", val_loss");
        for (int i = 0; i < result->n_metrics && used < size; ++i)
            used += (size_t)snprintf(text + used, size - used, ", %s%s", part ? "val_" : "", result->metric_name[i]);
    }
    if (used >= size) memcpy(text + size - sizeof "...", "...", sizeof "...");
}

static bool find(const glia_epoch *epoch, const char *name, double *out) {
    const bool validation     = strncmp(name, "val_", 4) == 0;
    const glia_result *result = validation ? &epoch->validation : &epoch->train;
    if (validation && !epoch->has_validation) return false;
    if (validation) name += 4;
    if (strcmp(name, "loss") == 0) return *out = result->loss, true;
    for (int i = 0; i < result->n_metrics; ++i)
        if (strcmp(name, result->metric_name[i]) == 0) return *out = result->metric[i], true;
    return false;
}

static glia_status epoch_value(glia_context *ctx, const glia_epoch *epoch, const char *name, double *out) {
    char names[384]; /* messages have 512 */
    GLI_REQUIRE(ctx, epoch && name && out, GLIA_INVALID_ARGUMENT, "glia_epoch_value: %s is NULL",
                epoch ? name ? "out" : "name" : "epoch");
    if (find(epoch, name, out)) return GLIA_OK;
    list_names(epoch, names, sizeof names);
    return gli_fail(ctx, GLIA_NOT_FOUND, "glia_epoch_value: the epoch has no '%s', but %s", name, names);
}

glia_status glia_epoch_value(glia_context *ctx, const glia_epoch *epoch, const char *name, double *out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = epoch_value(ctx, epoch, name, out);
    gli_leave(ctx);
    return status;
}

glia_status gli_watch_init(glia_context *ctx, const char *call, const char *name, glia_better better, gli_watch *out) {
    GLI_REQUIRE(ctx, (unsigned)better <= GLIA_BETTER_LARGER, GLIA_INVALID_ARGUMENT, "%s: invalid better %d", call,
                (int)better);
    GLI_REQUIRE(ctx, !name || gli_name_valid(name, sizeof out->name - 1), GLIA_INVALID_ARGUMENT,
                "%s: watch must be 1 to %zu bytes of UTF-8, none a control character", call, sizeof out->name - 1);
    *out = (gli_watch){.better = better};
    if (name) memcpy(out->name, name, strlen(name) + 1);
    return GLIA_OK;
}

glia_status gli_watch_read(const gli_watch *watch, glia_context *ctx, const glia_epoch *epoch, const char **name,
                           double *out) {
    *name = watch->name[0] ? watch->name : epoch->has_validation ? "val_loss" : "loss";
    return glia_epoch_value(ctx, epoch, *name, out);
}

glia_status gli_watch_begin(const gli_watch *watch, glia_context *ctx, const glia_event *event) {
    glia_epoch epoch = {.has_validation = event->trainer->validation};
    const char *name;
    double value;
    gli_results_names(event->model->training, &epoch.train);
    epoch.validation = epoch.train;
    return gli_watch_read(watch, ctx, &epoch, &name, &value);
}

bool gli_watch_larger(const gli_watch *watch, const char *name) {
    if (watch->better != GLIA_BETTER_DEFAULT) return watch->better == GLIA_BETTER_LARGER;
    static const char *const smaller[] = {"loss", "mse", "mae", "rmse"};
    const char *slash = strrchr(name, '/'), *kind = slash ? slash + 1 : name;
    if (!slash && strncmp(name, "val_", 4) == 0) kind += 4;
    for (size_t i = 0; i < sizeof smaller / sizeof *smaller; ++i)
        if (strcmp(kind, smaller[i]) == 0) return false;
    return true;
}
