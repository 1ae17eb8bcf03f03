/* Reports of what steps tell of themselves: norms of gradients, and dead units. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "callbacks/callback.h"
#include "core/print.h"
#include "io/input.h"
#include "io/json.h"
#include "train/trainer.h"
#include "train/watched.h"

typedef struct watch {
    glia_context *ctx;
    glia_watch_gradients_args args; /* without the caller's path */
    FILE *file;                     /* NULL: none */
    gli_block path;
} watch;

/* ---- Lines of JSON ---- */

static void put_entry(gli_json_text *w, const char *name, double value) {
    gli_json_key(w, name);
    gli_json_put_number(w, value, 9);
}

static void put_report(gli_json_text *w, const glia_event *event, const glia_gradient_report *r) {
    gli_json_open(w, '{');
    gli_json_key(w, "epoch"), gli_json_put_integer(w, event->epoch->epoch);
    gli_json_key(w, "step"), gli_json_put_integer(w, event->epoch->steps);
    gli_json_key(w, "gradient"), gli_json_open(w, '{');
    for (int i = 0; i < r->n_weights; ++i) put_entry(w, r->weights[i].name, r->weights[i].gradient);
    gli_json_close(w, '}');
    gli_json_key(w, "weight"), gli_json_open(w, '{');
    for (int i = 0; i < r->n_weights; ++i) put_entry(w, r->weights[i].name, r->weights[i].norm);
    gli_json_close(w, '}');
    gli_json_key(w, "dead"), gli_json_open(w, '{');
    for (int i = 0; i < r->n_layers; ++i)
        put_entry(w, r->layers[i].name, (double)r->layers[i].dead / (double)r->layers[i].units);
    gli_json_close(w, '}');
    gli_json_close(w, '}');
    gli_json_end_line(w);
}

static glia_status write_report(const watch *s, const glia_event *event, const glia_gradient_report *r) {
    gli_json_text w = {.ctx = s->ctx};
    if (!s->file) return GLIA_OK;
    put_report(&w, event, r);
    glia_status status = w.status;
    if (status == GLIA_OK && !gli_print(s->file, w.text)) status = gli_fail_file(s->ctx, s->path.data, errno);
    gli_json_text_free(&w);
    return status;
}

/* ---- Reports ---- */

static glia_status tell(const watch *s, const glia_event *event, const glia_gradient_report *r) {
    GLI_TRY(write_report(s, event, r));
    return s->args.report ? s->args.report(s->args.user, event, r) : GLIA_OK;
}

/* A model that was compiled since its last step has nothing to tell. */
static glia_status report(const watch *s, const glia_event *event) {
    const glia_model *model = event->model;
    if (!model->training->compiled.norms) return GLIA_OK;
    gli_block weights = {0}, layers = {0};
    glia_gradient_report r;
    glia_status status =
        gli_block_alloc(s->ctx, (size_t)model->n_weights, sizeof(glia_weight_report), "a report", &weights);
    if (status == GLIA_OK)
        status = gli_block_alloc(s->ctx, (size_t)model->n_layers, sizeof(glia_layer_report), "a report", &layers);
    if (status == GLIA_OK) status = gli_watched_read(model, weights.data, layers.data, &r);
    if (status == GLIA_OK) status = gli_watched_reset(model);
    if (status == GLIA_OK) status = tell(s, event, &r);
    gli_block_free(s->ctx, &weights);
    gli_block_free(s->ctx, &layers);
    return status;
}

static glia_status begin(void *user, const glia_event *event) {
    const watch *s = user;
    gli_pass *pass = &event->trainer->pass;
    GLI_REQUIRE(s->ctx, !pass->watched, GLIA_INVALID_ARGUMENT, "glia_watch_gradients: this training has one already");
    GLI_TRY(gli_watched_prepare(event->model));
    GLI_TRY(gli_watched_reset(event->model));
    pass->watched = true;
    return GLIA_OK;
}

static glia_status batch_end(void *user, const glia_event *event) {
    const watch *s       = user;
    const int64_t update = event->model->training->compiled.updates, every = s->args.every_steps;
    return every > 0 && update % every == 0 ? report(s, event) : GLIA_OK;
}

static glia_status epoch_end(void *user, const glia_event *event) {
    const watch *s = user;
    return s->args.every_steps == 0 ? report(s, event) : GLIA_OK;
}

/* ---- Life ---- */

static void destroy(void *user) {
    watch *s = user;
    if (s->file) fclose(s->file);
    gli_block_free(s->ctx, &s->path);
    gli_callback_state_free(s->ctx, s, sizeof *s);
}

static glia_status open_file(watch *s, const char *path) {
    if (!path) return GLIA_OK;
    const size_t bytes = strlen(path) + 1;
    GLI_TRY(gli_block_alloc(s->ctx, bytes, 1, "the name of a file", &s->path));
    memcpy(s->path.data, path, bytes);
    s->file = fopen(path, "ae");
    return s->file ? GLIA_OK : gli_fail_file(s->ctx, path, errno);
}

static glia_status create(glia_context *ctx, const glia_watch_gradients_args *args, glia_callback *out) {
    const char *call = "glia_watch_gradients";
    void *state;
    GLI_REQUIRE(ctx, args && out, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", call, args ? "out" : "args");
    GLI_REQUIRE(ctx, args->report || args->path, GLIA_INVALID_ARGUMENT, "%s: neither report nor path is given", call);
    GLI_REQUIRE(ctx, args->every_steps >= 0, GLIA_INVALID_ARGUMENT, "%s: every_steps is %lld, must not be negative",
                call, (long long)args->every_steps);
    GLI_TRY(gli_callback_state(ctx, sizeof(watch), &state));
    watch *s                 = state;
    *s                       = (watch){.ctx = ctx, .args = *args};
    s->args.path             = NULL;
    const glia_status status = open_file(s, args->path);
    if (status != GLIA_OK) return destroy(s), status;
    *out =
        (glia_callback){s, .on_begin = begin, .on_batch_end = batch_end, .on_epoch_end = epoch_end, .destroy = destroy};
    return GLIA_OK;
}

glia_status glia_watch_gradients(glia_context *ctx, const glia_watch_gradients_args *args, glia_callback *out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = create(ctx, args, out);
    gli_leave(ctx);
    return status;
}
