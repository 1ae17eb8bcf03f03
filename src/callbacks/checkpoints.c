/* Checkpoints in a folder: when they are written, and which of them stay. */
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "callbacks/callback.h"
#include "core/memory.h"
#include "glia/checkpoint.h"
#include "glia/state.h"
#include "io/input.h"
#include "io/output.h"
#include "nn/model_impl.h"

enum { NAME = 64, PATH = 4096, DIGITS = 12 };
#define SUFFIX ".safetensors"

typedef struct checkpoints {
    glia_context *ctx;
    char folder[PATH - 256], name[NAME], best_file[NAME + 32];
    int every_epochs, keep;
    int64_t every_steps;
    bool best;
    gli_watch watch;
    double best_value; /* NaN: none yet */
    int64_t saved[2];  /* step and position of the last one; -1: none yet */
} checkpoints;

/* ---- Names: NAME-000000001234.safetensors ---- */

static void path_of(const char *folder, const char *name, int64_t step, char path[PATH]) {
    snprintf(path, PATH, "%s/%s-%0*lld" SUFFIX, folder, name, DIGITS, (long long)step);
}

/* The step of a checkpoint of this name; -1: it is none. *rest: what follows the name of the file, "" of a whole one.
 */
static int64_t step_of(const char *file, const char *name, const char **rest) {
    const size_t length = strlen(name);
    char canonical[48];
    if (strncmp(file, name, length) != 0 || file[length] != '-') return -1;
    file += length + 1;
    const long long step = strtoll(file, NULL, 10);
    snprintf(canonical, sizeof canonical, "%0*lld" SUFFIX, DIGITS, step);
    if (step < 0 || strncmp(file, canonical, strlen(canonical)) != 0) return -1;
    *rest = file + strlen(canonical);
    return step;
}

/* ---- The folder ---- */

typedef struct listing {
    int64_t newest; /* -1: none */
    int count;
    int64_t oldest;
} listing;

/* Whole checkpoints of this name. A folder that is not there has none. */
static glia_status list(glia_context *ctx, const char *folder, const char *name, listing *out) {
    *out     = (listing){.newest = -1, .oldest = INT64_MAX};
    DIR *dir = opendir(folder);
    if (!dir) return errno == ENOENT ? GLIA_OK : gli_fail_file(ctx, folder, errno);
    for (struct dirent *file; (file = readdir(dir));) {
        const char *rest;
        const int64_t step = step_of(file->d_name, name, &rest);
        if (step < 0 || *rest) continue;
        ++out->count;
        if (step > out->newest) out->newest = step;
        if (step < out->oldest) out->oldest = step;
    }
    closedir(dir);
    return GLIA_OK;
}

static bool ends_with(const char *text, const char *end) {
    const size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static glia_status clean(const checkpoints *c) {
    char path[PATH + 256];
    DIR *dir = opendir(c->folder);
    if (!dir) return gli_fail_file(c->ctx, c->folder, errno);
    for (struct dirent *file; (file = readdir(dir));) {
        const char *rest;
        const bool best = strncmp(file->d_name, c->best_file, strlen(c->best_file)) == 0;
        if (!best && step_of(file->d_name, c->name, &rest) < 0) continue;
        if (!ends_with(file->d_name, GLI_OUTPUT_SUFFIX)) continue;
        snprintf(path, sizeof path, "%s/%s", c->folder, file->d_name);
        if (gli_output_was_left(path)) unlink(path);
    }
    closedir(dir);
    return GLIA_OK;
}

/* One at a time, so that no list of them is needed. */
static glia_status delete_old(const checkpoints *c) {
    char path[PATH];
    listing all;
    for (;;) {
        GLI_TRY(list(c->ctx, c->folder, c->name, &all));
        if (all.count <= c->keep) return GLIA_OK;
        path_of(c->folder, c->name, all.oldest, path);
        if (unlink(path) != 0 && errno != ENOENT) return gli_fail_file(c->ctx, path, errno);
    }
}

/* ---- Writing ---- */

/* After the last step of an epoch, and after the epoch, the step is the same. */
static glia_status save(checkpoints *c, const glia_model *model) {
    char path[PATH];
    int64_t now[2];
    listing all;
    GLI_TRY(glia_model_state_get(model, "glia/step", &now[0], sizeof now[0]));
    GLI_TRY(glia_model_state_get(model, "glia/position", &now[1], sizeof now[1]));
    if (memcmp(now, c->saved, sizeof now) == 0) return GLIA_OK;
    GLI_TRY(list(c->ctx, c->folder, c->name, &all));
    GLI_REQUIRE(c->ctx, all.newest <= now[0], GLIA_INVALID_ARGUMENT,
                "glia_checkpoints: %s has '%s' of step %lld, and this training, at step %lld, is another one: it "
                "needs a name or a folder of its own",
                c->folder, c->name, (long long)all.newest, (long long)now[0]);
    path_of(c->folder, c->name, now[0], path);
    GLI_TRY(glia_model_save_checkpoint(model, path));
    memcpy(c->saved, now, sizeof now);
    return delete_old(c);
}

static bool better(const checkpoints *c, const char *name, double value) {
    if (value != value || c->best_value != c->best_value) return value == value;
    return gli_watch_larger(&c->watch, name) ? value > c->best_value : value < c->best_value;
}

static glia_status save_best(checkpoints *c, const glia_event *event) {
    char path[PATH];
    const char *name;
    double value;
    if (!c->best) return GLIA_OK;
    GLI_TRY(gli_watch_read(&c->watch, c->ctx, event->epoch, &name, &value));
    if (!better(c, name, value)) return GLIA_OK;
    c->best_value = value;
    snprintf(path, sizeof path, "%s/%s", c->folder, c->best_file);
    return glia_model_save_checkpoint(event->model, path);
}

static glia_status begin(void *user, const glia_event *event) {
    checkpoints *c = user;
    c->best_value  = NAN;
    c->saved[0]    = -1;
    return c->best ? gli_watch_begin(&c->watch, c->ctx, event) : GLIA_OK;
}

static glia_status batch_end(void *user, const glia_event *event) {
    checkpoints *c = user;
    int64_t steps;
    if (c->every_steps == 0) return GLIA_OK;
    GLI_TRY(glia_model_state_get(event->model, "glia/update", &steps, sizeof steps));
    return steps % c->every_steps == 0 ? save(c, event->model) : GLIA_OK;
}

static glia_status epoch_end(void *user, const glia_event *event) {
    checkpoints *c = user;
    if (event->epoch->epoch % c->every_epochs == 0) GLI_TRY(save(c, event->model));
    return save_best(c, event);
}

static glia_status stop(void *user, const glia_event *event) { return save(user, event->model); }

/* ---- Making one ---- */

static void destroy(void *user) {
    checkpoints *c = user;
    gli_callback_state_free(c->ctx, c, sizeof *c);
}

static glia_status check_name(glia_context *ctx, const char *call, const char *name) {
    GLI_REQUIRE(ctx, gli_name_valid(name, NAME - 1) && !strchr(name, '/'), GLIA_INVALID_ARGUMENT,
                "%s: name must be 1 to %d bytes of UTF-8, none a slash or a control character", call, NAME - 1);
    return GLIA_OK;
}

static glia_status check_folder(glia_context *ctx, const char *call, const char *folder) {
    const size_t longest = sizeof((checkpoints *)0)->folder - 1;
    GLI_REQUIRE(ctx, folder, GLIA_INVALID_ARGUMENT, "%s: folder is NULL", call);
    GLI_REQUIRE(ctx, *folder && strlen(folder) <= longest, GLIA_INVALID_ARGUMENT,
                "%s: folder has %zu characters, must have 1 to %zu", call, strlen(folder), longest);
    return GLIA_OK;
}

static glia_status set(glia_context *ctx, const glia_checkpoint_args *args, checkpoints *c) {
    const char *call = "glia_checkpoints", *name = args->name ? args->name : "checkpoint";
    GLI_TRY(check_folder(ctx, call, args->folder));
    GLI_TRY(check_name(ctx, call, name));
    GLI_REQUIRE(ctx, args->every_epochs >= 0 && args->every_steps >= 0 && args->keep >= 0, GLIA_INVALID_ARGUMENT,
                "%s: every_epochs is %d, every_steps %lld and keep %d, must not be negative", call, args->every_epochs,
                (long long)args->every_steps, args->keep);
    snprintf(c->folder, sizeof c->folder, "%s", args->folder);
    snprintf(c->name, sizeof c->name, "%s", name);
    snprintf(c->best_file, sizeof c->best_file, "%s-best" SUFFIX, name);
    c->every_epochs = args->every_epochs ? args->every_epochs : 1;
    c->every_steps  = args->every_steps;
    c->keep         = args->keep ? args->keep : 3;
    c->best         = args->best;
    GLI_TRY(gli_watch_init(ctx, call, args->watch, args->better, &c->watch));
    if (mkdir(args->folder, 0777) != 0 && errno != EEXIST) return gli_fail_file(ctx, args->folder, errno);
    GLI_TRY(clean(c));
    return delete_old(c);
}

static glia_status create(glia_context *ctx, const glia_checkpoint_args *args, glia_callback *out) {
    void *state;
    GLI_REQUIRE(ctx, args && out, GLIA_INVALID_ARGUMENT, "glia_checkpoints: %s is NULL", args ? "out" : "args");
    GLI_TRY(gli_callback_state(ctx, sizeof(checkpoints), &state));
    ((checkpoints *)state)->ctx = ctx;
    const glia_status status    = set(ctx, args, state);
    if (status != GLIA_OK) return destroy(state), status;
    *out = (glia_callback){state,           .on_begin = begin, .on_batch_end = batch_end, .on_epoch_end = epoch_end,
                           .on_stop = stop, .destroy = destroy};
    return GLIA_OK;
}

glia_status glia_checkpoints(glia_context *ctx, const glia_checkpoint_args *args, glia_callback *out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = create(ctx, args, out);
    gli_leave(ctx);
    return status;
}

static glia_status latest(glia_context *ctx, const char *folder, const char *name, char *path, size_t bytes) {
    const char *call = "glia_latest_checkpoint";
    char found[PATH];
    listing all;
    if (!name) name = "checkpoint";
    GLI_TRY(check_folder(ctx, call, folder));
    GLI_TRY(check_name(ctx, call, name));
    GLI_REQUIRE(ctx, path, GLIA_INVALID_ARGUMENT, "%s: path is NULL", call);
    GLI_TRY(list(ctx, folder, name, &all));
    GLI_REQUIRE(ctx, all.newest >= 0, GLIA_NOT_FOUND, "%s: no checkpoint '%s' in %s", call, name, folder);
    path_of(folder, name, all.newest, found);
    GLI_REQUIRE(ctx, strlen(found) < bytes, GLIA_INVALID_ARGUMENT, "%s: %zu bytes, the path needs %zu", call, bytes,
                strlen(found) + 1);
    memcpy(path, found, strlen(found) + 1);
    return GLIA_OK;
}

glia_status glia_latest_checkpoint(glia_context *ctx, const char *folder, const char *name, char *path, size_t bytes) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = latest(ctx, folder, name, path, bytes);
    gli_leave(ctx);
    return status;
}
