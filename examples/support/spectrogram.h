/* A spectrogram in the terminal. */
#ifndef GLI_EXAMPLES_SPECTROGRAM_H
#define GLI_EXAMPLES_SPECTROGRAM_H

#include <glia/glia.h>

/* What a layer of decibels [1,M,T] makes of the first sample, high tones above, and the sample's name. */
glia_status show_spectrogram(glia_context *ctx, glia_model *net, const char *layer, glia_dataset *data);

#endif
