/* The inside of a search. */
#ifndef GLI_SEARCH_SEARCH_H
#define GLI_SEARCH_SEARCH_H

#include "core/memory.h"
#include "glia/search.h"

enum {
    GLI_SETTING_NAME   = 64,
    GLI_SETTING_SHOWN  = 64, /* a value, as messages show it */
    GLI_TRIAL_MESSAGE  = 256,
    GLI_TRIAL_SHOWN    = 1024, /* all values of a trial */
    GLI_MOST_TRIALS    = 100000,
    GLI_SEARCH_JUDGE   = 160,
    GLI_STREAM_SETTING = 0x66000001, /* of Philox: values that are drawn, and seeds of trials */
    GLI_STREAM_TRIAL   = 0x66000002
};

/* A setting, copied. A list of texts has its indices as values. */
typedef struct gli_setting {
    char name[GLI_SETTING_NAME];
    int n;            /* of the list; 0: a range */
    gli_block values; /* double [n] */
    gli_block texts;  /* const char *[n], then what they point to; empty: numbers */
    double low, high;
    bool log, whole;
} gli_setting;

typedef struct gli_trial_row {
    bool ended;
    glia_status status;
    double score, deviation, seconds;
    char message[GLI_TRIAL_MESSAGE];
} gli_trial_row;

struct glia_search {
    glia_context *ctx;
    int n_settings;
    gli_setting settings[GLIA_MAX_SETTINGS];
    bool maximize;
    uint64_t seed;
    int folds;       /* scores of a trial */
    int64_t samples; /* of the data */
    int64_t trials;
    gli_block values;                    /* double [trials][n_settings] */
    gli_block rows;                      /* gli_trial_row [trials] */
    gli_block scores;                    /* double [trials][folds] */
    char judge[GLI_SEARCH_JUDGE];        /* what scores are of, as the file says it */
    char unknown[GLI_SETTING_NAME + 64]; /* what a trial has asked for in vain; "": nothing */
};

static inline gli_trial_row *gli_trial_row_of(const glia_search *search, int64_t i) {
    return (gli_trial_row *)search->rows.data + i;
}

static inline double *gli_trial_values(const glia_search *search, int64_t i) {
    return (double *)search->values.data + i * search->n_settings;
}

static inline double *gli_trial_scores(const glia_search *search, int64_t i) {
    return (double *)search->scores.data + i * search->folds;
}

/* ---- settings.c ---- */

/* Checks and copies the settings. function: the caller's name, for messages. */
glia_status gli_settings_copy(glia_search *search, const char *function, const glia_search_args *args);
void gli_settings_free(glia_search *search);

/* Finds how many trials there are, and all their values. */
glia_status gli_settings_draw(glia_search *search, const char *function, const glia_search_args *args);

/* Value s of trial i as text: a number with as few digits as say it exactly, or the text itself. */
const char *gli_trial_value(const glia_search *search, int64_t i, int s, char text[GLI_SETTING_SHOWN]);

/* "units 20, rate 0.01" */
const char *gli_trial_show(const glia_search *search, int64_t i, char text[GLI_TRIAL_SHOWN]);

uint64_t gli_trial_seed(const glia_search *search, int64_t i);

/* Writes the shortest decimal that is this number when it is read. */
void gli_format_exactly(char *text, size_t size, double value);

/* ---- search_file.c ---- */

/* Fails where a file of this search has more columns than can be read again. */
glia_status gli_search_check_columns(const glia_search *search);

/* Reads what has ended according to the file; none is there: nothing has. retry: without failures. */
glia_status gli_search_read(glia_search *search, const char *path, bool retry);
glia_status gli_search_write(const glia_search *search, const char *path);

/* Whether the file has a column of this name beside those of settings. */
bool gli_search_has_column(const char *name);

/* The mean of the folds' scores, and their deviation. */
void gli_trial_summarize(const glia_search *search, int64_t i);

#endif
