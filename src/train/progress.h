/* The progress that fit prints while it runs, if requested. */
#ifndef GLI_TRAIN_PROGRESS_H
#define GLI_TRAIN_PROGRESS_H

#include "glia/train.h"

typedef struct gli_progress_view {
    bool bar, lines;
    double start, shown; /* of the epoch, and when the bar was last drawn; seconds */
} gli_progress_view;

void gli_progress_begin(gli_progress_view *view, glia_progress requested);
void gli_progress_step(gli_progress_view *view, int epoch, int epochs, int64_t done, int64_t total);
void gli_progress_epoch(gli_progress_view *view, const glia_epoch *epoch);

#endif
