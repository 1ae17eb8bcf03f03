/* The table of a search. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/print.h"
#include "search/search.h"

typedef struct place {
    const glia_search *search;
    int64_t trial;
} place;

static int best_first(const void *a, const void *b) {
    const place *x = a, *y = b;
    const gli_trial_row *r = gli_trial_row_of(x->search, x->trial), *s = gli_trial_row_of(y->search, y->trial);
    if ((r->status == GLIA_OK) != (s->status == GLIA_OK)) return r->status == GLIA_OK ? -1 : 1;
    if (r->status == GLIA_OK && r->score != s->score) return (r->score < s->score) == x->search->maximize ? 1 : -1;
    return (x->trial > y->trial) - (x->trial < y->trial);
}

/* One cell, behind what a column is wide: texts end at it. */
static bool put(FILE *file, const char *text, int width) {
    char padded[GLI_SETTING_SHOWN + 8];
    snprintf(padded, sizeof padded, "  %*s", width, text);
    return gli_print(file, padded);
}

static int width_of(const glia_search *search, int s, const place *places, int64_t n) {
    char text[GLI_SETTING_SHOWN];
    size_t width = strlen(search->settings[s].name);
    for (int64_t i = 0; i < n; ++i) {
        const size_t length = strlen(gli_trial_value(search, places[i].trial, s, text));
        if (length > width) width = length;
    }
    return (int)width;
}

static bool put_row(const glia_search *search, FILE *file, int64_t i, const int *widths) {
    char text[GLI_TRIAL_MESSAGE + 64];
    const gli_trial_row *row = gli_trial_row_of(search, i);
    snprintf(text, sizeof text, "%5lld", (long long)i);
    bool fine = gli_print(file, text);
    for (int s = 0; s < search->n_settings && fine; ++s)
        fine = put(file, gli_trial_value(search, i, s, text), widths[s]);
    if (row->status != GLIA_OK)
        snprintf(text, sizeof text, "  %s: %s\n", glia_status_name(row->status), row->message);
    else if (search->folds > 1)
        gli_format(text, sizeof text, "  %10.6g  %10.3g\n", row->score, row->deviation);
    else
        gli_format(text, sizeof text, "  %10.6g\n", row->score);
    return fine && gli_print(file, text);
}

static bool put_table(const glia_search *search, FILE *file, const place *places, int64_t n, int64_t rows) {
    int widths[GLIA_MAX_SETTINGS];
    bool fine = gli_print(file, "trial");
    for (int s = 0; s < search->n_settings && fine; ++s) {
        widths[s] = width_of(search, s, places, n);
        fine      = put(file, search->settings[s].name, widths[s]);
    }
    fine = fine && gli_print(file, search->folds > 1 ? "       score   deviation\n" : "       score\n");
    for (int64_t i = 0; i < n && i < rows && fine; ++i) fine = put_row(search, file, places[i].trial, widths);
    return fine;
}

static glia_status print(const glia_search *search, FILE *file, int64_t rows) {
    gli_block block;
    int64_t n = 0;
    GLI_REQUIRE(search->ctx, file && rows >= 0, GLIA_INVALID_ARGUMENT, "glia_search_print: file is %s, rows is %lld",
                file ? "given" : "NULL", (long long)rows);
    GLI_TRY(gli_block_alloc(search->ctx, (size_t)search->trials, sizeof(place), "the table of a search", &block));
    place *places = block.data;
    for (int64_t i = 0; i < search->trials; ++i)
        if (gli_trial_row_of(search, i)->ended) places[n++] = (place){search, i};
    qsort(places, (size_t)n, sizeof *places, best_first);
    const bool fine = put_table(search, file, places, n, rows ? rows : n);
    gli_block_free(search->ctx, &block);
    return fine ? GLIA_OK : gli_fail(search->ctx, GLIA_IO_ERROR, "glia_search_print: writing failed");
}

glia_status glia_search_print(const glia_search *search, FILE *file, int64_t rows) {
    GLI_REQUIRE_OBJECT(search);
    GLI_TRY(gli_enter(search->ctx));
    const glia_status status = print(search, file, rows);
    gli_leave(search->ctx);
    return status;
}
