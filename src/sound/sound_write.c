/* Writing a sound in the format that the path's ending says. */
#include "sound/sound_write.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "core/context_impl.h"

static glia_status choose(gli_job *job, const gli_wave *wave, const char *path, int bits, gli_encoding *out) {
    enum { FLAC_CHANNELS = 8 };
    const char *dot = strrchr(path, '.');
    const bool wav = dot && strcasecmp(dot, ".wav") == 0, flac = dot && strcasecmp(dot, ".flac") == 0;
    *out = (gli_encoding){wave, flac ? GLIA_SOUND_FLAC : GLIA_SOUND_WAV, bits ? bits : 16};
    GLI_JOB_REQUIRE(job, wav || flac, GLIA_INVALID_ARGUMENT, "%s%s%s, must end with .wav or .flac",
                    dot ? "ends with '" : "has no ending", dot ? dot : "", dot ? "'" : "");
    GLI_JOB_REQUIRE(job, out->bits == 16 || out->bits == 24 || (wav && out->bits == 32), GLIA_INVALID_ARGUMENT,
                    "bits is %d, must be 16%s", bits, wav ? ", 24 or 32" : " or 24 in FLAC");
    GLI_JOB_REQUIRE(job, wav || wave->channels <= FLAC_CHANNELS, GLIA_INVALID_ARGUMENT,
                    "the sound has %d channels, FLAC takes %d", wave->channels, FLAC_CHANNELS);
    if (out->bits == 32) return GLIA_OK;
    for (int c = 0; c < wave->channels; ++c)
        for (int64_t f = 0; f < wave->frames; ++f)
            GLI_JOB_REQUIRE(job, !isnan(gli_wave_channel(wave, c)[f]), GLIA_NOT_FINITE,
                            "frame %lld of channel %d is NaN, which %d bits cannot hold", (long long)f, c, out->bits);
    return GLIA_OK;
}

static glia_status write(const glia_sound *sound, const char *path, int bits) {
    gli_job job = {.ctx = sound->ctx, .name = path};
    gli_encoding what;
    gli_output out;
    GLI_REQUIRE(sound->ctx, path, GLIA_INVALID_ARGUMENT, "glia_sound_write: path is NULL");
    GLI_TRY(gli_job_explain(&job, path, choose(&job, &sound->wave, path, bits, &what)));
    GLI_TRY(gli_output_open(sound->ctx, path, &out));
    const glia_status status = gli_encode(&job, &what, &out);
    if (status == GLIA_OK) return gli_output_commit(&out);
    gli_output_abandon(&out);
    return *job.message ? gli_job_explain(&job, path, status) : status;
}

glia_status glia_sound_write(const glia_sound *sound, const char *path, int bits) {
    GLI_REQUIRE_OBJECT(sound);
    GLI_TRY(gli_enter(sound->ctx));
    const glia_status status = write(sound, path, bits);
    gli_leave(sound->ctx);
    return status;
}
