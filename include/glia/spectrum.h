/* Layers that make spectra of sound: short-time Fourier transform, spectrogram, mel spectrogram, MFCC.
 *
 * x is a wave [L], or [C,L] of C channels, each on its own; y has the same channels in front. They are made of products
 * with constants, so that they have gradients and run on every device: a frame costs 2 n_fft (n_fft / 2 + 1)
 * multiplications, docs/sound.md. In models of bf16 and f16 they compute in f32, and give y in the model's dtype.
 *
 * The constants, NAME.basis and others, are among the model's weights and never trained. Definitions are those of
 * librosa 0.11 and of torchaudio; numbers in [] are defaults. */
#ifndef GLIA_SPECTRUM_H
#define GLIA_SPECTRUM_H

#include "glia/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Frames ---- */

/* w[i] of i = 0 to W-1, periodic: as if it went on with w[0]. Source: scipy.signal.get_window. */
typedef enum glia_window {
    GLIA_WINDOW_HANN,    /* 1/2 - 1/2 cos(2 pi i / W) */
    GLIA_WINDOW_HAMMING, /* 0.54 - 0.46 cos(2 pi i / W) */
    GLIA_WINDOW_BOX      /* 1 */
} glia_window;

/* Where frames lie. Centred, the middle of frame t is at t hop, and x goes on by n_fft / 2 at both ends. */
typedef enum glia_frame_padding {
    GLIA_FRAMES_REFLECTED, /* centred; x is mirrored at its first and its last number: ... x[2] x[1] x[0] x[1] ... */
    GLIA_FRAMES_ZEROS,     /* centred; zeros */
    GLIA_FRAMES_INSIDE     /* frame t begins at t hop, and all are within x */
} glia_frame_padding;

typedef struct glia_stft {
    int n_fft;       /* numbers of a frame, 2 to 65536; no default */
    int hop;         /* from one frame to the next [window_size / 4, at least 1] */
    int window_size; /* W, the rest of a frame is 0, in equal parts before and after it [n_fft] */
    glia_window window;
    glia_frame_padding padding;
} glia_stft;

typedef struct glia_stft_args {
    const char *name;
    glia_stft stft;
} glia_stft_args;

/* X[k,t] = sum over n of w[n] x_t[n] exp(-2 pi i k n / n_fft), of frame t and k = 0 to n_fft / 2, not scaled.
 * x: [C,L] or [L]   y: [C,2,B,T] or [2,B,T], the real part and the imaginary one, with B = n_fft / 2 + 1 and T = 1 +
 * L / hop, of an odd n_fft 1 + (L - 1) / hop, of frames inside 1 + (L - n_fft) / hop; all rounded down.
 * Sources: librosa.stft (whose pad_mode is "constant" unless "reflect" is asked for), torchaudio's Spectrogram.
 * Weights: NAME.basis [2 B,hop,1,ceil(n_fft / hop)], the window times cosines, then times sines; of a wave that is
 * mirrored NAME.frames, for each number of the padded wave its place in x. */
GLIA_API glia_value glia_model_stft(glia_model *model, glia_value x, const glia_stft_args *args);

typedef struct glia_spectrogram_args {
    const char *name;
    glia_stft stft;
    bool magnitude; /* |X| rather than |X|^2; its derivative where X is 0 is 0 */
} glia_spectrogram_args;

/* |X[k,t]|^2: [C,L] or [L] -> [C,B,T] or [B,T]. */
GLIA_API glia_value glia_model_spectrogram(glia_model *model, glia_value x, const glia_spectrogram_args *args);

/* ---- Mel ---- */

/* What becomes of the power in a band. */
typedef enum glia_mel_scale {
    GLIA_MEL_DECIBEL, /* 10 log10(max(p, floor)), and no less than the sample's largest minus top_db */
    GLIA_MEL_LOG,     /* ln(max(p, floor)) */
    GLIA_MEL_POWER    /* p */
} glia_mel_scale;

/* Filter m is a triangle over frequency: 0 at f[m], 1 at f[m+1], 0 at f[m+2], where f[0] to f[count+1] go from low to
 * high in equal steps of mel. Slaney's mel is 3 f / 200 below 1000 Hz and 15 + 27 ln(f / 1000) / ln(6.4) above; that of
 * HTK is 2595 log10(1 + f / 700). Each filter is divided by half its width in Hz, 2 / (f[m+2] - f[m]), unless no_norm
 * is set.
 * Sources: librosa.filters.mel with its norm "slaney" or None; Slaney, Auditory Toolbox (1998); Young et al., The HTK
 * Book, section 5.4; librosa.power_to_db. */
typedef struct glia_mel {
    int rate;         /* of x, in Hz; no default */
    int count;        /* M, filters [128] */
    double low, high; /* Hz [0, rate / 2] */
    bool htk, no_norm;
    glia_mel_scale scale;
    glia_optional floor;  /* positive [1e-10] */
    glia_optional top_db; /* positive; infinite: none [80] */
} glia_mel;

typedef struct glia_mel_spectrogram_args {
    const char *name;
    glia_stft stft;
    glia_mel mel;
} glia_mel_spectrogram_args;

/* The spectrogram through M filters, in decibels by default: [C,L] or [L] -> [C,M,T] or [M,T].
 * Sources: librosa.feature.melspectrogram, torchaudio's MelSpectrogram and AmplitudeToDB.
 * Further weights: NAME.filters [M,B,1,1], NAME.decibel [1], NAME.top_db [1]. */
GLIA_API glia_value glia_model_mel_spectrogram(glia_model *model, glia_value x, const glia_mel_spectrogram_args *args);

typedef struct glia_mfcc_args {
    const char *name;
    glia_stft stft;
    glia_mel mel;
    int coefficients; /* at most M [20] */
} glia_mfcc_args;

/* c[q,t] = s[q] sum over m of S[m,t] cos(pi q (2 m + 1) / (2 M)), with S the mel spectrogram, s[0] = sqrt(1 / M) and
 * s[q] = sqrt(2 / M): the orthonormal DCT-II, as librosa.feature.mfcc. [C,L] or [L] -> [C,coefficients,T] or
 * [coefficients,T]. Further weights: NAME.dct [coefficients,M,1,1]. */
GLIA_API glia_value glia_model_mfcc(glia_model *model, glia_value x, const glia_mfcc_args *args);

#ifdef __cplusplus
}
#endif
#endif
