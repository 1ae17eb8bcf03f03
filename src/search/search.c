/* The loop of a search: trials, and in each of them folds. */
#include "search/search.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/context_impl.h"
#include "core/print.h"
#include "core/utf8.h"
#include "data/dataset.h"

typedef struct run {
    glia_search *search;
    glia_dataset *data;
    const glia_search_args *args;
    glia_folds_args folds;
    double start; /* of the call */
} run;

/* ---- Trials ---- */

void gli_trial_summarize(const glia_search *search, int64_t i) {
    gli_trial_row *row   = gli_trial_row_of(search, i);
    const double *scores = gli_trial_scores(search, i);
    double sum = 0, squares = 0;
    row->score = row->deviation = NAN;
    if (row->status != GLIA_OK) return;
    for (int f = 0; f < search->folds; ++f) sum += scores[f] / search->folds;
    for (int f = 0; f < search->folds; ++f) squares += (scores[f] - sum) * (scores[f] - sum) / search->folds;
    row->score     = sum;
    row->deviation = sqrt(squares);
}

/* As much as there is room for, of whole characters, since it becomes part of a file in UTF-8. Bytes that are none, of
 * a path for instance, become '?', as control characters are already. */
static void copy_message(char to[GLI_TRIAL_MESSAGE], const char *from) {
    size_t n            = 0;
    uint32_t character  = 0;
    const size_t length = strlen(from);
    for (size_t i = 0, bytes; i < length; i += bytes) {
        bytes              = gli_utf8_read(from + i, length - i, &character);
        const bool valid   = character != GLI_NO_CHARACTER;
        const size_t taken = valid ? bytes : 1;
        if (n + taken >= GLI_TRIAL_MESSAGE) break;
        memcpy(to + n, valid ? from + i : "?", taken);
        n += taken;
    }
    to[n] = '\0';
}

/* Notes a failure of the user's function. explained: by the context's message. */
static void note_failure(const glia_search *search, gli_trial_row *row, bool explained, int fold) {
    glia_context *ctx = search->ctx;
    if (row->status == GLIA_NOT_FINITE && !explained)
        gli_format(row->message, sizeof row->message, "the score of fold %d is infinite or not a number", fold);
    else
        copy_message(row->message, explained ? ctx->message : glia_status_text(row->status));
    gli_forget_failure(ctx);
}

static glia_status call(run *r, int64_t i, int fold, glia_dataset *train, glia_dataset *held_out) {
    glia_search *search     = r->search;
    glia_context *ctx       = search->ctx;
    gli_trial_row *row      = gli_trial_row_of(search, i);
    const glia_trial trial  = {i, fold, search->folds, gli_trial_seed(search, i), search};
    const unsigned failures = ctx->failures;
    double *score           = &gli_trial_scores(search, i)[fold];
    *score                  = NAN;
    glia_status status      = r->args->run(r->args->user, &trial, train, held_out, score);
    const bool failed       = status != GLIA_OK;
    GLI_REQUIRE(ctx, !*search->unknown, GLIA_INVALID_ARGUMENT, "glia_search_run: trial %lld asked for %s", (long long)i,
                search->unknown);
    if (status == GLIA_OK && !isfinite(*score)) status = GLIA_NOT_FINITE;
    row->status = status;
    if (status == GLIA_OK) return GLIA_OK;
    if (status == GLIA_CANCELLED || status == GLIA_DEVICE_LOST || r->args->stop_at_error) {
        char shown[GLI_TRIAL_SHOWN], who[192];
        snprintf(who, sizeof who, "glia_search_run: trial %lld (%.120s)", (long long)i,
                 gli_trial_show(search, i, shown));
        return failed ? gli_explain_callback(ctx, status, failures, who, "")
                      : gli_fail(ctx, status, "%s: the score of fold %d is %g", who, fold, *score);
    }
    note_failure(search, row, failed && ctx->failures != failures, fold);
    return GLIA_OK;
}

static glia_status run_fold(run *r, int64_t i, int fold) {
    if (r->args->validation) return call(r, i, fold, r->data, r->args->validation);
    glia_dataset *train = NULL, *held_out = NULL;
    GLI_TRY(glia_dataset_fold(r->data, &r->folds, fold, &train, &held_out));
    const glia_status status = call(r, i, fold, train, held_out);
    glia_dataset_destroy(train);
    glia_dataset_destroy(held_out);
    return status;
}

static void report(const glia_search *search, int64_t i) {
    char shown[GLI_TRIAL_SHOWN], line[GLI_TRIAL_SHOWN + GLI_TRIAL_MESSAGE + 128];
    const gli_trial_row *row = gli_trial_row_of(search, i);
    gli_trial_show(search, i, shown);
    if (row->status == GLIA_OK)
        gli_format(line, sizeof line, "trial %lld/%lld  %s  score %.6g  %.1f s\n", (long long)i + 1,
                   (long long)search->trials, shown, row->score, row->seconds);
    else
        gli_format(line, sizeof line, "trial %lld/%lld  %s  %s: %s\n", (long long)i + 1, (long long)search->trials,
                   shown, glia_status_name(row->status), row->message);
    gli_print(stdout, line);
}

static glia_status run_trial(run *r, int64_t i) {
    glia_search *search = r->search;
    gli_trial_row *row  = gli_trial_row_of(search, i);
    const double start  = gli_seconds();
    row->status         = GLIA_OK;
    for (int fold = 0; fold < search->folds && row->status == GLIA_OK; ++fold) GLI_TRY(run_fold(r, i, fold));
    row->seconds = gli_seconds() - start;
    gli_trial_summarize(search, i);
    row->ended = true;
    if (r->args->progress) report(search, i);
    return r->args->path ? gli_search_write(search, r->args->path) : GLIA_OK;
}

/* Nothing has a score: why. */
static glia_status check_some(const glia_search *search) {
    const int64_t ended = glia_search_finished(search);
    if (ended == 0 || glia_search_best(search) >= 0) return GLIA_OK;
    char shown[GLI_TRIAL_SHOWN];
    int64_t first = 0;
    while (!gli_trial_row_of(search, first)->ended) ++first;
    const gli_trial_row *row = gli_trial_row_of(search, first);
    return gli_fail(search->ctx, row->status, "glia_search_run: all %lld trials failed; the first, %.160s: %s",
                    (long long)ended, gli_trial_show(search, first, shown), row->message);
}

static glia_status run_all(run *r) {
    glia_search *search = r->search;
    for (int64_t i = 0; i < search->trials; ++i) {
        if (gli_trial_row_of(search, i)->ended) continue;
        if (r->args->seconds > 0 && gli_seconds() - r->start >= r->args->seconds) break;
        GLI_TRY(run_trial(r, i));
    }
    return check_some(search);
}

/* ---- Searches ---- */

static glia_status check_args(const glia_dataset *data, const glia_search_args *a) {
    const char *function = "glia_search_run";
    glia_context *ctx    = data->ctx;
    GLI_REQUIRE(ctx, a, GLIA_INVALID_ARGUMENT, "%s: args is NULL", function);
    GLI_REQUIRE(ctx, a->run, GLIA_INVALID_ARGUMENT, "%s: run is NULL", function);
    GLI_REQUIRE(ctx, a->trials >= 0 && a->trials <= GLI_MOST_TRIALS, GLIA_INVALID_ARGUMENT,
                "%s: trials is %lld, must be 0 to %d", function, (long long)a->trials, GLI_MOST_TRIALS);
    GLI_REQUIRE(ctx, a->seconds >= 0, GLIA_INVALID_ARGUMENT, "%s: seconds is %g, must not be negative", function,
                a->seconds);
    GLI_REQUIRE(ctx, !a->path || *a->path, GLIA_INVALID_ARGUMENT, "%s: path is empty", function);
    GLI_REQUIRE(ctx, !a->validation || a->validation->ctx == ctx, GLIA_DEVICE_MISMATCH,
                "%s: validation is of another context", function);
    GLI_REQUIRE(ctx, !a->validation || !a->folds.folds, GLIA_INVALID_ARGUMENT,
                "%s: folds is %d, and validation is given: only one of them judges", function, a->folds.folds);
    return GLIA_OK;
}

/* Before hours of training: the folds can be made. */
static glia_status check_folds(run *r) {
    if (r->args->validation) return GLIA_OK;
    return glia_dataset_fold(r->data, &r->folds, 0, NULL, NULL);
}

/* What scores depend on beside a trial's values, and which of them are better. */
static void describe_judge(run *r) {
    glia_search *search      = r->search;
    const glia_folds_args *f = &r->folds;
    const char *better       = search->maximize ? "maximum" : "minimum";
    char how[96]             = " in order";
    if (!f->in_order) snprintf(how, sizeof how, " of seed %llu", (unsigned long long)f->seed);
    if (f->stratified) snprintf(how + strlen(how), sizeof how - strlen(how), " stratified by target %d", f->target);
    if (r->args->validation)
        snprintf(search->judge, sizeof search->judge, "%s by validation with %lld samples", better,
                 (long long)r->args->validation->count);
    else
        snprintf(search->judge, sizeof search->judge, "%s by %d folds%s", better, f->folds, how);
}

/* What has ended before. The file is written once before hours of training, which shows that it can be. */
static glia_status go_on(run *r) {
    glia_search *search = r->search;
    const char *path    = r->args->path;
    if (!path) return GLIA_OK;
    GLI_TRY(gli_search_check_columns(search));
    GLI_TRY(gli_search_read(search, path, r->args->retry));
    return glia_search_finished(search) < search->trials ? gli_search_write(search, path) : GLIA_OK;
}

static glia_status prepare(run *r, const char *function) {
    enum { DEFAULT_FOLDS = 5 };
    glia_search *search          = r->search;
    const glia_search_args *args = r->args;
    search->maximize             = args->maximize;
    search->seed                 = args->seed ? args->seed : search->ctx->seed;
    search->samples              = r->data->count;
    r->folds                     = args->folds;
    if (r->folds.folds == 0) r->folds.folds = DEFAULT_FOLDS;
    if (r->folds.seed == 0) r->folds.seed = search->seed;
    GLI_TRY(gli_settings_copy(search, function, args));
    GLI_TRY(gli_settings_draw(search, function, args));
    GLI_TRY(check_folds(r));
    describe_judge(r);
    search->folds  = args->validation ? 1 : r->folds.folds;
    const size_t n = (size_t)search->trials;
    GLI_TRY(gli_block_alloc(search->ctx, n, sizeof(gli_trial_row), "the trials of a search", &search->rows));
    memset(search->rows.data, 0, search->rows.bytes);
    GLI_TRY(gli_block_alloc(search->ctx, n, (size_t)search->folds * sizeof(double), "the trials of a search",
                            &search->scores));
    return go_on(r);
}

static glia_status search_settings(glia_dataset *data, const glia_search_args *args, glia_search **out) {
    const char *function = "glia_search_run";
    void *memory;
    GLI_TRY(check_args(data, args));
    GLI_REQUIRE(data->ctx, out, GLIA_INVALID_ARGUMENT, "%s: out is NULL", function);
    GLI_TRY(gli_new(data->ctx, 1, sizeof **out, "a search", &memory));
    run r         = {.search = memory, .data = data, .args = args, .start = gli_seconds()};
    r.search->ctx = data->ctx;
    gli_context_retain(data->ctx);
    glia_status status = prepare(&r, function);
    if (status == GLIA_OK) status = run_all(&r);
    if (status == GLIA_OK)
        *out = r.search;
    else
        glia_search_destroy(r.search);
    return status;
}

glia_status glia_search_run(glia_dataset *data, const glia_search_args *args, glia_search **out) {
    GLI_REQUIRE_OBJECT(data);
    GLI_TRY(gli_dataset_call_begin(data));
    return gli_dataset_call_end(data, search_settings(data, args, out));
}

void glia_search_destroy(glia_search *search) {
    if (!search) return;
    glia_context *ctx = search->ctx;
    gli_settings_free(search);
    gli_block_free(ctx, &search->values);
    gli_block_free(ctx, &search->rows);
    gli_block_free(ctx, &search->scores);
    gli_free(ctx, search, 1, sizeof *search);
    gli_context_release(ctx);
}

/* ---- Values ---- */

/* The setting of this name and kind; -1, and a note for the search, where there is none. */
static int setting_of(const glia_trial *trial, const char *name, bool text) {
    if (!trial || !trial->search || !name) return -1;
    glia_search *search = trial->search;
    if (trial->index < 0 || trial->index >= search->trials) return -1;
    for (int s = 0; s < search->n_settings; ++s)
        if (strcmp(search->settings[s].name, name) == 0 && (search->settings[s].texts.data != NULL) == text) return s;
    snprintf(search->unknown, sizeof search->unknown, "the %s of '%.63s', which is no setting of that kind",
             text ? "text" : "number", name);
    return -1;
}

double glia_trial_number(const glia_trial *trial, const char *name) {
    const int s = setting_of(trial, name, false);
    return s < 0 ? NAN : gli_trial_values(trial->search, trial->index)[s];
}

const char *glia_trial_text(const glia_trial *trial, const char *name) {
    const int s = setting_of(trial, name, true);
    if (s < 0) return NULL;
    const char *const *texts = trial->search->settings[s].texts.data;
    return texts[(int)gli_trial_values(trial->search, trial->index)[s]];
}

/* ---- Results ---- */

int64_t glia_search_trials(const glia_search *search) { return search ? search->trials : 0; }

int64_t glia_search_finished(const glia_search *search) {
    int64_t n = 0;
    for (int64_t i = 0; search && i < search->trials; ++i) n += gli_trial_row_of(search, i)->ended;
    return n;
}

int64_t glia_search_best(const glia_search *search) {
    int64_t best = -1;
    for (int64_t i = 0; search && i < search->trials; ++i) {
        const gli_trial_row *row = gli_trial_row_of(search, i);
        if (!row->ended || row->status != GLIA_OK) continue;
        const double champion = best < 0 ? 0 : gli_trial_row_of(search, best)->score;
        if (best < 0 || (search->maximize ? row->score > champion : row->score < champion)) best = i;
    }
    return best;
}

glia_trial glia_search_trial(const glia_search *search, int64_t i) {
    if (!search || i < 0 || i >= search->trials) return (glia_trial){0};
    return (glia_trial){i, 0, 1, gli_trial_seed(search, i), (glia_search *)search};
}

glia_trial_result glia_search_result(const glia_search *search, int64_t i) {
    if (!search || i < 0 || i >= search->trials || !gli_trial_row_of(search, i)->ended) return (glia_trial_result){0};
    const gli_trial_row *row = gli_trial_row_of(search, i);
    return (glia_trial_result){.status    = row->status,
                               .score     = row->score,
                               .deviation = row->deviation,
                               .scores    = row->status == GLIA_OK ? gli_trial_scores(search, i) : NULL,
                               .folds     = search->folds,
                               .seconds   = row->seconds,
                               .message   = row->message};
}
