#define _POSIX_C_SOURCE 200809L /* fileno */
/* Logs of epochs: CSV and JSON lines. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "callbacks/callback.h"
#include "core/print.h"
#include "io/input.h"
#include "io/json.h"
#include "train/training.h"

enum {
    NUMBER = 48,                                                       /* characters of a number */
    LINE   = (4 + 2 * GLIA_MAX_RESULTS) * (2 * GLI_NAME_SIZE + NUMBER) /* enough for all metrics of all outputs */
};

typedef struct training_log {
    glia_context *ctx;
    bool json;
    bool begun; /* a line of this training is in the file */
    FILE *file;
    gli_block path;
} training_log;

typedef struct line {
    const training_log *log;
    char text[LINE];
    size_t used;
    bool names; /* of the columns, in place of the numbers */
} line;

static void put(line *l, const char *text) {
    l->used += (size_t)snprintf(l->text + l->used, sizeof l->text - l->used, "%s", text);
    if (l->used >= sizeof l->text) l->used = sizeof l->text - 1;
}

/* Names of layers may have what JSON and CSV read as their own. */
static void put_name(line *l, const char *prefix, const char *name) {
    const bool json = l->log->json, quoted = json || strpbrk(name, ",\"");
    if (quoted) put(l, "\"");
    put(l, prefix);
    for (const char *c = name; *c; ++c) {
        char text[8];
        const char *escape = json ? gli_json_escape(*c, text) : *c == '"' ? "\"\"" : NULL;
        put(l, escape ? escape : (const char[]){*c, '\0'});
    }
    if (quoted) put(l, "\"");
}

/* precision: as of %g. */
static void put_number(line *l, const char *prefix, const char *name, double value, int precision) {
    char number[NUMBER];
    if (l->used > (l->log->json ? 1 : 0)) put(l, ",");
    if (l->log->json || l->names) put_name(l, prefix, name);
    if (l->names) return;
    if (l->log->json) put(l, ":");
    gli_format(number, sizeof number, "%.*g", precision, value);
    put(l, l->log->json && !isfinite(value) ? "null" : number);
}

static void put_result(line *l, const char *prefix, const glia_result *result) {
    put_number(l, prefix, "loss", result->loss, 9);
    for (int i = 0; i < result->n_metrics; ++i) put_number(l, prefix, result->metric_name[i], result->metric[i], 9);
}

static void put_epoch(line *l, const glia_event *event) {
    const glia_epoch *epoch = event->epoch;
    if (l->log->json) put(l, "{");
    put_number(l, "", "epoch", epoch->epoch, 17);
    put_number(l, "", "steps", (double)epoch->steps, 17);
    put_number(l, "", "seconds", epoch->seconds, 6);
    put_number(l, "", "learning_rate", glia_model_learning_rate(event->model), 9);
    put_result(l, "", &epoch->train);
    if (epoch->has_validation) put_result(l, "val_", &epoch->validation);
    put(l, l->log->json ? "}\n" : "\n");
}

static glia_status write_line(const training_log *log, const char *text) {
    if (gli_print(log->file, text)) return GLIA_OK;
    return gli_fail_file(log->ctx, log->path.data, errno);
}

/* Whether the last line of names in the file is this one; and whether its last line is whole. */
static bool continues(const training_log *log, const char *names, bool *whole) {
    char text[LINE];
    struct stat info;
    bool same = false;
    *whole    = true;
    if (fstat(fileno(log->file), &info) != 0 || !S_ISREG(info.st_mode)) return false; /* a pipe, or a device */
    fseek(log->file, 0, SEEK_SET);
    while (fgets(text, sizeof text, log->file)) {
        if (strncmp(text, "epoch,", 6) == 0) same = strcmp(text, names) == 0;
        *whole = strchr(text, '\n') != NULL;
    }
    fseek(log->file, 0, SEEK_END);
    return same;
}

/* Before the first line of a training: the columns of one before may be others. */
static glia_status begin_lines(const training_log *log, const glia_event *event) {
    line l = {.log = log, .names = true};
    bool whole;
    if (!log->json) put_epoch(&l, event);
    const bool named = continues(log, l.text, &whole) || log->json;
    if (!whole) GLI_TRY(write_line(log, "\n"));
    return named ? GLIA_OK : write_line(log, l.text);
}

static glia_status epoch_end(void *user, const glia_event *event) {
    training_log *log = user;
    line l            = {.log = log};
    if (!log->begun) GLI_TRY(begin_lines(log, event));
    log->begun = true;
    put_epoch(&l, event);
    return write_line(log, l.text);
}

static glia_status begin(void *user, const glia_event *event) {
    (void)event;
    ((training_log *)user)->begun = false;
    return GLIA_OK;
}

static void destroy(void *user) {
    training_log *log = user;
    if (log->file) fclose(log->file);
    gli_block_free(log->ctx, &log->path);
    gli_callback_state_free(log->ctx, log, sizeof *log);
}

static glia_status open_file(training_log *log, const char *path) {
    const size_t bytes = strlen(path) + 1;
    GLI_TRY(gli_block_alloc(log->ctx, bytes, 1, "the name of a file", &log->path));
    memcpy(log->path.data, path, bytes);
    log->file = fopen(path, "a+e");
    return log->file ? GLIA_OK : gli_fail_file(log->ctx, path, errno);
}

static glia_status create(glia_context *ctx, const char *call, const char *path, bool json, glia_callback *out) {
    void *state;
    GLI_REQUIRE(ctx, path && out, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", call, path ? "out" : "path");
    GLI_TRY(gli_callback_state(ctx, sizeof(training_log), &state));
    training_log *log        = state;
    *log                     = (training_log){.ctx = ctx, .json = json};
    const glia_status status = open_file(log, path);
    if (status != GLIA_OK) return destroy(log), status;
    *out = (glia_callback){log, .on_begin = begin, .on_epoch_end = epoch_end, .destroy = destroy};
    return GLIA_OK;
}

static glia_status enter_and_create(glia_context *ctx, const char *call, const char *path, bool json,
                                    glia_callback *out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = create(ctx, call, path, json, out);
    gli_leave(ctx);
    return status;
}

glia_status glia_csv_log(glia_context *ctx, const char *path, glia_callback *out) {
    return enter_and_create(ctx, "glia_csv_log", path, false, out);
}

glia_status glia_jsonl_log(glia_context *ctx, const char *path, glia_callback *out) {
    return enter_and_create(ctx, "glia_jsonl_log", path, true, out);
}
