/* Search: the settings with which a network learns best, by a grid or at random, with cross-validation.
 *
 * A program declares its settings, and a function that builds a network with some of their values, trains it on one
 * part of the data, and gives a score by another part. A trial is one choice of values, tried on each fold. */
#ifndef GLIA_SEARCH_H
#define GLIA_SEARCH_H

#include <stdio.h>

#include "glia/data.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Keeps its context alive. */
typedef struct glia_search glia_search;

enum { GLIA_MAX_SETTINGS = 16 };

/* What may have several values: a list of numbers, a list of texts, or a range. All is copied. */
typedef struct glia_setting {
    const char *name; /* 1 to 63 bytes of UTF-8, no control characters; none that a column of the file has, see path */
    const double *values;     /* n finite numbers, which differ; or */
    const char *const *texts; /* n texts like names, which differ; or, with n 0, */
    int n;
    double low, high; /* the interval [low, high], low < high; values are rounded to six significant digits */
    bool log;         /* it is the logarithm that is uniform, for rates for instance; low is above 0 */
    bool whole;       /* whole numbers instead, both ends included */
    int steps;        /* in a grid: so many values from low to high, equally far apart; at least 2 */
} glia_setting;

/* A choice of values, and where it is tried. */
typedef struct glia_trial {
    int64_t index;   /* of the search, from 0 */
    int fold, folds; /* 0 and 1 without cross-validation */
    uint64_t seed;   /* follows from the search's seed and index: for what a trial draws itself */
    glia_search *search;
} glia_trial;

/* The value of a setting. Where there is no such setting, or one of the other kind, the trial is told NAN or NULL, and
 * the search ends with GLIA_INVALID_ARGUMENT when its function returns. */
GLIA_API double glia_trial_number(const glia_trial *trial, const char *name);
GLIA_API const char *glia_trial_text(const glia_trial *trial, const char *name);

/* Builds and trains with the values of the trial, and sets *score by the validation part. Both datasets end with the
 * call. A result other than GLIA_OK is the trial's; only GLIA_CANCELLED and GLIA_DEVICE_LOST end the search. */
typedef glia_status (*glia_trial_fn)(void *user, const glia_trial *trial, glia_dataset *train, glia_dataset *validation,
                                     double *score);

typedef struct glia_search_args {
    const glia_setting *settings;
    int n_settings; /* 1 to GLIA_MAX_SETTINGS */
    glia_trial_fn run;
    void *user;
    bool maximize;  /* a larger score is better, as accuracy; otherwise a smaller one, as a loss */
    bool random;    /* each trial draws its values; otherwise a grid: all combinations, the last setting fastest */
    int64_t trials; /* at most so many; 0: all of a grid, 20 at random. Never more than 100000. More trials begin with
                       those of fewer */
    double seconds; /* no trial begins so long after the call; 0: no limit */
    uint64_t seed;  /* of draws, folds and trials; 0: the context's */
    glia_folds_args folds;    /* of the cross-validation; folds 0: 5, seed 0: that of the search */
    glia_dataset *validation; /* instead: judges what is trained on all of the data */
    /* A CSV file of the trials that have ended, replaced as a whole whenever one ends; a search that finds it goes on
     * where that one was stopped. Columns: trial, seed, samples, judge (what gives the score, and whether the least or
     * the largest is the best), the settings, status, score, deviation, fold0, ..., seconds, message. It is written
     * once before the first trial. NULL: none */
    const char *path;
    bool retry;         /* trials that have failed according to the file are run again */
    bool stop_at_error; /* the first trial that fails ends the search, which returns its status, and is not in the file;
                           otherwise the failure is noted, and the search goes on */
    bool progress;      /* a line on standard output for each trial */
} glia_search_args;

/* Runs the trials in their order. The same args, data and seed give the same values, folds and seeds of trials, whether
 * or not the search was stopped between; a random search among lists tries no combination twice. A file of another
 * search is GLIA_BAD_FORMAT, with the line and both values: one whose settings, seeds, values of trials, samples,
 * folds, or direction of scores differ. What the data are, and what the function does, is not compared. If all trials
 * have failed, the search returns the first one's status. Trials of one search are like those of a program that has
 * nothing else: what they train follows from the context's seed. */
GLIA_API glia_status glia_search_run(glia_dataset *data, const glia_search_args *args, glia_search **out);

/* NULL is allowed. What the other functions gave ends with it. */
GLIA_API void glia_search_destroy(glia_search *search);

GLIA_API int64_t glia_search_trials(const glia_search *search);   /* of which there are values */
GLIA_API int64_t glia_search_finished(const glia_search *search); /* that have ended, also by a failure */

/* The best of those that have a score, the first one of equals; -1: there is none. */
GLIA_API int64_t glia_search_best(const glia_search *search);

/* Trial i, with fold 0 of 1, to train with its values on all data. i out of range: all zero. */
GLIA_API glia_trial glia_search_trial(const glia_search *search, int64_t i);

typedef struct glia_trial_result {
    glia_status status;   /* GLIA_NOT_FINITE, too, where a score is infinite or NaN */
    double score;         /* the mean over the folds; NAN after a failure */
    double deviation;     /* the standard deviation of the folds' scores, of their number: 0 for one */
    const double *scores; /* of each fold; NULL after a failure */
    int folds;
    double seconds;
    const char *message; /* of a failure; else "" */
} glia_trial_result;

/* i that has not ended: all zero. */
GLIA_API glia_trial_result glia_search_result(const glia_search *search, int64_t i);

/* Writes a table of the trials that have ended, the best first, failures at its end; at most `rows` of them, 0: all. It
 * has no times: a search that was stopped and went on prints the same. */
GLIA_API glia_status glia_search_print(const glia_search *search, FILE *file, int64_t rows);

#ifdef __cplusplus
}
#endif
#endif
