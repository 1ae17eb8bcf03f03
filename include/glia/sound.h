/* Sound: recordings read from files, changed, written, and as datasets of folders.
 *
 * A sound has channels, each with the same number of frames, as f32 [channels, frames], the layout of networks; numbers
 * of files with whole samples are between -1 and 1. Layers that make spectra of it are in glia/spectrum.h.
 *
 * Files need a build with libsndfile, other rates one with libsamplerate; without them they are GLIA_UNSUPPORTED.
 *
 * Errors of a file name it, with the values: GLIA_NOT_FOUND; GLIA_IO_ERROR; GLIA_BAD_FORMAT for a file that is
 * truncated, corrupt, longer than the limit or no recording; GLIA_UNSUPPORTED for a format that is not read. */
#ifndef GLIA_SOUND_H
#define GLIA_SOUND_H

#include "glia/data.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A sound keeps its context alive. */
typedef struct glia_sound glia_sound;

typedef enum glia_sound_format {
    GLIA_SOUND_NONE, /* made in memory */
    GLIA_SOUND_WAV,
    GLIA_SOUND_FLAC,
    GLIA_SOUND_OGG /* Vorbis or Opus */
} glia_sound_format;

typedef struct glia_sound_info {
    int64_t frames;
    int channels;
    int rate;                 /* frames in a second, Hz */
    glia_sound_format format; /* of the file that it was read from */
    int bits; /* of a number in the file, 8 to 32, or 64 of doubles; 0: made in memory, or stored with loss */
} glia_sound_info;

/* ---- Channels and rates ---- */

/* Which channels a sound gets. */
typedef enum glia_sound_mix {
    GLIA_SOUND_MONO, /* one: the mean of all */
    GLIA_SOUND_ONE,  /* one: number `channel`, from 0 */
    GLIA_SOUND_ALL   /* those of the file */
} glia_sound_mix;

/* libsamplerate's band-limited interpolators; the numbers are the share of the band that is kept and the ratio of
 * signal to noise. Source: libsamplerate's documentation, "SRC_SINC_BEST_QUALITY" and so on. */
typedef enum glia_sound_quality {
    GLIA_SOUND_MEDIUM, /* 90 %, 121 dB */
    GLIA_SOUND_BEST,   /* 97 %, 144 dB */
    GLIA_SOUND_FAST    /* 80 %, 97 dB */
} glia_sound_quality;

typedef struct glia_sound_convert_args {
    glia_sound_mix mix;
    int channel;                /* of GLIA_SOUND_ONE */
    int rate;                   /* 1 / 256 to 256 times that of the sound; default: the same */
    glia_sound_quality quality; /* of another rate */
} glia_sound_convert_args;

/* ---- Files ---- */

typedef struct glia_sound_read_args {
    glia_sound_convert_args convert;
    int64_t first, frames; /* a part of the file, in its own frames; default: all, or all from first on. What is beyond
                              the end is left out */
    int64_t max_frames;    /* in one channel, of what is read and of what it becomes; default 2^27 */
} glia_sound_read_args;

/* Reads WAV, FLAC and OGG, whatever the name ends with. args may be NULL: mono, at the file's rate. WAV holds 8 to 32
 * bits, floats, mu-law, A-law or ADPCM; 16 bits become x / 32768, and others likewise. Another rate gives ceil(frames
 * rate / that of the file) frames; each keeps its place in time. A file without frames, and a part without any, is
 * GLIA_BAD_FORMAT. Only the part is in memory, at most three times. */
GLIA_API glia_status glia_sound_read(glia_context *ctx, const char *path, const glia_sound_read_args *args,
                                     glia_sound **out);

/* The same of a file's content in memory. */
GLIA_API glia_status glia_sound_decode(glia_context *ctx, const void *data, size_t bytes,
                                       const glia_sound_read_args *args, glia_sound **out);

/* What the file's header says. frames is 0 where that is not said, as in FLAC from a pipe. */
GLIA_API glia_status glia_sound_probe(glia_context *ctx, const char *path, glia_sound_info *out);

/* Writes what the ending of the path says, .wav or .flac, with 16, 24 or, of WAV, 32 bits: floats. bits 0: 16. Numbers
 * are rounded to multiples of 2^(1 - bits), and those outside of -1 to 1 become the nearest that there is; NaN is
 * GLIA_NOT_FINITE, but in floats. FLAC has at most 8 channels. Replaces the file when it is whole. */
GLIA_API glia_status glia_sound_write(const glia_sound *sound, const char *path, int bits);

/* ---- Sounds in memory ---- */

typedef struct glia_sound_args {
    int64_t frames; /* at least 1 */
    int channels;   /* 1 to 1024; default 1 */
    int rate;       /* Hz; no default */
} glia_sound_args;

/* A copy of f32 [channels, frames]; NULL: silence. */
GLIA_API glia_status glia_sound_create(glia_context *ctx, const glia_sound_args *args, const float *samples,
                                       glia_sound **out);

/* NULL is allowed. */
GLIA_API void glia_sound_destroy(glia_sound *sound);

GLIA_API glia_sound_info glia_sound_get_info(const glia_sound *sound); /* NULL: all zero */

/* f32 [channels, frames], to read and to write. NULL: of no sound. */
GLIA_API float *glia_sound_samples(const glia_sound *sound);

/* Other channels, another rate. */
GLIA_API glia_status glia_sound_convert(const glia_sound *sound, const glia_sound_convert_args *args, glia_sound **out);

/* `frames` frames from `first` on, which may be negative, with zeros where the sound has none. */
GLIA_API glia_status glia_sound_cut(const glia_sound *sound, int64_t first, int64_t frames, glia_sound **out);

/* ---- Datasets ---- */

typedef struct glia_sound_dataset_args {
    int rate;       /* Hz; no default: recordings of other rates are resampled */
    int64_t length; /* frames of a sample at that rate; no default */
    /* From one window of a recording to the next. 0: one sample for each recording, from its beginning, cut or padded
     * with zeros at the end. */
    int64_t hop;
    bool partial; /* with hop: what is left at the end is a window too, padded. A recording that is shorter than a
                     window is one in any case */
    glia_sound_mix mix;
    int channel;  /* of GLIA_SOUND_ONE */
    int channels; /* of GLIA_SOUND_ALL: how many; a recording with others is GLIA_SHAPE_MISMATCH; default 1 */
    glia_sound_quality quality;
    bool skip;              /* leave out files that are no recordings of these formats; otherwise they are an error */
    bool verify;            /* read each recording once, before the call returns: a broken one counts as none, too */
    glia_dtype label_dtype; /* GLIA_I32 or GLIA_I64, the default */
} glia_sound_dataset_args;

/* A folder with a folder for each class: an input "sound" f32 [channels, length], a scalar target "label", and names of
 * classes, those of the folders in the order of their bytes. Recordings lie in them at any depth to 16, sorted by path;
 * names that begin with a dot are left out, and links are followed. They are read when they are needed, each time that
 * part which a window shows, by the workers of the dataset where it has some (glia_dataset_set_workers); what cannot be
 * read then is an error of what needed the sample. The windows of a recording follow one another;
 * glia_dataset_sample_name is its path. A class without a recording is GLIA_NOT_FOUND. What is left out, the log says.
 *
 * Windows that overlap share sound: keep the recordings of the test in a folder of their own rather than splitting
 * windows at random. */
GLIA_API glia_status glia_dataset_from_sound_folder(glia_context *ctx, const char *folder,
                                                    const glia_sound_dataset_args *args, glia_dataset **out);

#ifdef __cplusplus
}
#endif
#endif
