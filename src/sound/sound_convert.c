/* Channels and rates. */
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "sound/sound.h"

glia_status gli_convert_check(gli_job *job, const glia_sound_convert_args *a) {
    GLI_JOB_REQUIRE(job, a->mix >= GLIA_SOUND_MONO && a->mix <= GLIA_SOUND_ALL, GLIA_INVALID_ARGUMENT, "invalid mix %d",
                    (int)a->mix);
    GLI_JOB_REQUIRE(job, a->channel >= 0 && (a->mix == GLIA_SOUND_ONE || a->channel == 0), GLIA_INVALID_ARGUMENT,
                    "channel is %d, must be 0, or with GLIA_SOUND_ONE not negative", a->channel);
    GLI_JOB_REQUIRE(job, a->rate >= 0, GLIA_INVALID_ARGUMENT, "rate is %d, must not be negative", a->rate);
    GLI_JOB_REQUIRE(job, a->quality >= GLIA_SOUND_MEDIUM && a->quality <= GLIA_SOUND_FAST, GLIA_INVALID_ARGUMENT,
                    "invalid quality %d", (int)a->quality);
    return GLIA_OK;
}

glia_status gli_mixed_channels(gli_job *job, const glia_sound_convert_args *a, int channels, int *out) {
    GLI_JOB_REQUIRE(job, a->channel < channels, GLIA_SHAPE_MISMATCH, "channel %d is wanted of %d", a->channel,
                    channels);
    *out = a->mix == GLIA_SOUND_ALL ? channels : 1;
    return GLIA_OK;
}

static void mix_all(const gli_sound_view *from, float *to) {
    for (int64_t f = 0; f < from->frames; ++f) {
        double sum = 0;
        for (int c = 0; c < from->channels; ++c) sum += from->data[f * from->frame + c * from->channel];
        to[f] = (float)(sum / from->channels);
    }
}

static void copy_channel(const gli_sound_view *from, int c, float *to) {
    for (int64_t f = 0; f < from->frames; ++f) to[f] = from->data[f * from->frame + c * from->channel];
}

void gli_mix(const glia_sound_convert_args *args, const gli_sound_view *from, float *to, int64_t stride) {
    if (args->mix == GLIA_SOUND_MONO && from->channels > 1)
        mix_all(from, to);
    else if (args->mix == GLIA_SOUND_ALL)
        for (int c = 0; c < from->channels; ++c) copy_channel(from, c, to + c * stride);
    else
        copy_channel(from, args->channel, to);
}

/* ---- Rates ---- */

int64_t gli_resampled_frames(int64_t frames, int from, int to) {
    return gli_divide_up(gli_saturating_mul(frames, to), from);
}

static glia_status resample_into(gli_job *job, const gli_wave *from, glia_sound_quality quality, const gli_wave *to) {
    for (int c = 0; c < from->channels; ++c) {
        const gli_resampling what = {.from        = gli_wave_channel(from, c),
                                     .frames      = from->frames,
                                     .wanted      = to->frames,
                                     .rate        = from->rate,
                                     .wanted_rate = to->rate,
                                     .quality     = quality};
        GLI_TRY(gli_resample(job, &what, gli_wave_channel(to, c)));
    }
    return GLIA_OK;
}

glia_status gli_wave_resample(gli_job *job, int rate, glia_sound_quality quality, gli_wave *wave) {
    enum { MOST = 256 }; /* SRC_MAX_RATIO */
    gli_wave made;
    if (rate == wave->rate) return GLIA_OK;
    GLI_JOB_REQUIRE(job, rate <= (int64_t)MOST * wave->rate && wave->rate <= (int64_t)MOST * rate, GLIA_UNSUPPORTED,
                    "the rate is %d Hz, of which %d Hz cannot be made: one may be at most %d times the other",
                    wave->rate, rate, MOST);
    GLI_TRY(gli_wave_alloc(job, gli_resampled_frames(wave->frames, wave->rate, rate), wave->channels, rate, &made));
    const glia_status status = resample_into(job, wave, quality, &made);
    gli_wave_free(job, status == GLIA_OK ? wave : &made);
    if (status == GLIA_OK) *wave = made;
    return status;
}
