/* The samples of datasets of recordings: windows. */
#ifndef GLI_SOUND_SOUND_SAMPLE_H
#define GLI_SOUND_SOUND_SAMPLE_H

#include "io/file_list.h"
#include "sound/sound.h"

/* What the source of such a dataset has. */
typedef struct gli_sound_set {
    glia_context *ctx;
    glia_sound_dataset_args args; /* checked, with defaults */
    glia_sound_convert_args convert;
    gli_file_list list;
    /* Where the windows of each recording begin among the samples, and where those of the last one end. */
    int64_t *first;
    int n_first, first_capacity;
} gli_sound_set;

/* Whether each file is opened when it is listed: to know how many windows it has, or whether it is whole. */
static inline bool gli_sound_set_looks_at(const gli_sound_set *set) { return set->args.hop > 0 || set->args.verify; }

int64_t gli_sound_set_count(const gli_sound_set *set); /* windows */

/* The recording that a window is of. */
int64_t gli_sound_set_recording(const gli_sound_set *set, int64_t window);

/* How many windows a recording of so many frames at this rate has. */
int64_t gli_sound_windows(const gli_sound_set *set, int64_t frames, int rate);

/* Reads sample->index, in any thread: the user is a gli_sound_set. */
glia_status gli_sound_sample_read(void *user, const glia_sample *sample);

#endif
