/* The inside of sounds: waves, and the work on them that any thread may do. */
#ifndef GLI_SOUND_SOUND_H
#define GLI_SOUND_SOUND_H

#include "glia/sound.h"
#include "io/job.h"

enum { GLI_SOUND_CHANNELS = 1024 }; /* the most that libsndfile reads */

/* f32 [channels, frames] */
typedef struct gli_wave {
    int64_t frames;
    int channels, rate;
    gli_block memory;
} gli_wave;

struct glia_sound {
    glia_context *ctx;
    gli_wave wave;
    glia_sound_format format;
    int bits;
};

glia_status gli_wave_alloc(gli_job *job, int64_t frames, int channels, int rate, gli_wave *out);
void gli_wave_free(const gli_job *job, gli_wave *wave);
static inline float *gli_wave_channel(const gli_wave *wave, int c) {
    return (float *)wave->memory.data + wave->frames * c;
}

/* A sound that takes over a wave, also where it fails. */
glia_status gli_sound_wrap(gli_job *job, gli_wave *wave, const glia_sound_info *info, glia_sound **out);

/* ---- Changing ---- */

glia_status gli_convert_check(gli_job *job, const glia_sound_convert_args *args);

/* Numbers of channels: that of frame f and channel c is data[f frame + c channel]. */
typedef struct gli_sound_view {
    const float *data;
    int64_t frames;
    int channels;
    int64_t frame, channel; /* strides */
} gli_sound_view;

/* Writes the channels of args, each `stride` numbers after the one before. */
void gli_mix(const glia_sound_convert_args *args, const gli_sound_view *from, float *to, int64_t stride);

/* How many channels that gives; fails where there is no channel args->channel. */
glia_status gli_mixed_channels(gli_job *job, const glia_sound_convert_args *args, int channels, int *out);

/* The frames that so many become at another rate, rounded up. */
int64_t gli_resampled_frames(int64_t frames, int from, int to);

/* In place; the rate may be the same. */
glia_status gli_wave_resample(gli_job *job, int rate, glia_sound_quality quality, gli_wave *wave);

/* The libsamplerate side: samplerate/resample_samplerate.c, or no_samplerate/resample_none.c. Writes exactly `wanted`
 * numbers: what is missing at the end is 0. */
typedef struct gli_resampling {
    const float *from;
    int64_t frames, wanted;
    int rate, wanted_rate;
    glia_sound_quality quality;
} gli_resampling;
glia_status gli_resample(gli_job *job, const gli_resampling *what, float *to);

/* How many frames before and after it, at its own rate, a number of another rate depends on. */
int64_t gli_resampling_reach(int from, int to, glia_sound_quality quality);

/* ---- Files ---- */

/* A file that is open, or its content in memory. */
typedef struct gli_sound_input {
    FILE *file; /* NULL: in memory */
    const unsigned char *memory;
    int64_t size, at;
    int error; /* an errno: reading has failed */
} gli_sound_input;

/* Reads from where the input is; fewer bytes: its end, or an error. */
int64_t gli_sound_input_read(gli_sound_input *in, void *to, int64_t bytes);

/* The format that a file begins with. NULL: none that is known; name: for messages, set for formats, too, that are not
 * read. */
glia_sound_format gli_sound_format_of(gli_bytes begin, const char **name);

/* Fails unless the file is whole, as far as its chunks or pages say. */
glia_status gli_sound_check_whole(gli_job *job, gli_sound_input *in, glia_sound_format format);

/* The libsndfile side: sndfile/sound_sndfile.c, or no_sndfile/sndfile_none.c. */
typedef struct gli_decoder {
    gli_sound_input *in;
    glia_sound_info info; /* frames 0: unknown */
    void *file;
} gli_decoder;

/* After a failure there is nothing to close. */
glia_status gli_decoder_open(gli_job *job, gli_sound_input *in, glia_sound_format format, gli_decoder *out);
void gli_decoder_close(gli_decoder *decoder);
glia_status gli_decoder_seek(gli_job *job, gli_decoder *decoder, int64_t frame);

/* Interleaved frames; *got below `frames`: the end. */
glia_status gli_decoder_read(gli_job *job, gli_decoder *decoder, float *to, int64_t frames, int64_t *got);

/* Fails where args make no sense; else fills in defaults. */
glia_status gli_read_args_check(gli_job *job, glia_sound_read_args *args);

/* Opens the input, of whatever format. checked: it was found to be whole before; else it is looked at, which reads the
 * head of each chunk and page. */
glia_status gli_sound_open(gli_job *job, gli_sound_input *in, bool checked, gli_decoder *out);

/* Decodes all of it, and keeps nothing. */
glia_status gli_sound_verify(gli_job *job, gli_decoder *decoder);

/* The frames from args->first on, at most args->frames, mixed but not resampled. */
glia_status gli_sound_read_part(gli_job *job, const glia_sound_read_args *args, gli_decoder *decoder, gli_wave *out);

/* Opens a file as an input, after which the job is named. */
glia_status gli_sound_open_file(gli_job *job, const char *path, gli_sound_input *out);

#endif
