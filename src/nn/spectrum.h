/* The constants of spectra: each function writes one, row-major, in a float dtype. */
#ifndef GLI_NN_SPECTRUM_H
#define GLI_NN_SPECTRUM_H

#include "glia/spectrum.h"

/* How a wave becomes frames: padded to `padded` numbers, which are cut into `hop` channels, of which a kernel of `taps`
 * covers a frame. */
typedef struct gli_frames {
    glia_stft stft; /* with its defaults */
    int64_t length, count, padded;
    int bins, taps;
} gli_frames;

/* Numbers of one dtype. */
typedef struct gli_numbers {
    glia_dtype dtype;
    void *data;
} gli_numbers;

/* [padded]: where each number of the padded wave is in the wave. Those after its end are in no frame. */
void gli_fill_frames(const void *frames, gli_numbers out);

/* [2 bins,hop,1,taps] */
void gli_fill_basis(const void *frames, gli_numbers out);

typedef struct gli_mel_filters {
    glia_mel mel; /* with its defaults */
    int bins, n_fft;
} gli_mel_filters;

/* [count,bins] */
void gli_fill_mel_filters(const void *filters, gli_numbers out);

/* How many filters are 0 in each bin. */
int gli_empty_mel_filters(const gli_mel_filters *filters);

typedef struct gli_dct {
    int rows, columns;
} gli_dct;

/* [rows,columns] */
void gli_fill_dct(const void *dct, gli_numbers out);

/* One number, a double. */
void gli_fill_number(const void *number, gli_numbers out);

#endif
