/* What fit shows while it runs, when it is asked to. */
#ifndef GLIA_TRAIN_PROGRESS_H
#define GLIA_TRAIN_PROGRESS_H

#include "glia/model.h"

typedef struct glia_progress_view {
    bool bar, lines;
    double start, shown; /* of the epoch, and when the bar was last drawn; seconds */
} glia_progress_view;

double glia_seconds(void); /* of a clock that never goes back */

void glia_progress_begin(glia_progress_view *view, glia_progress wanted);
void glia_progress_step(glia_progress_view *view, int epoch, int epochs, int64_t done, int64_t total);
void glia_progress_epoch(glia_progress_view *view, const glia_epoch *epoch);

#endif
