/* Sounds as objects: their life, and what is asked of them. */
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "sound/sound.h"

/* ---- Waves ---- */

glia_status gli_wave_alloc(gli_job *job, int64_t frames, int channels, int rate, gli_wave *out) {
    *out = (gli_wave){.frames = frames, .channels = channels, .rate = rate};
    size_t bytes;
    GLI_JOB_REQUIRE(job, gli_mul_size((size_t)frames, (size_t)channels * sizeof(float), &bytes), GLIA_OUT_OF_MEMORY,
                    "out of memory: a sound of %d channels of %lld frames", channels, (long long)frames);
    return gli_job_alloc(job, bytes, 1, "a sound", &out->memory);
}

void gli_wave_free(const gli_job *job, gli_wave *wave) { gli_block_free(job->ctx, &wave->memory); }

glia_status gli_sound_wrap(gli_job *job, gli_wave *wave, const glia_sound_info *info, glia_sound **out) {
    gli_block memory;
    const glia_status status = gli_job_alloc(job, 1, sizeof **out, "a sound", &memory);
    if (status != GLIA_OK) return gli_wave_free(job, wave), status;
    *out              = memory.data;
    **out             = (glia_sound){job->ctx, *wave, info->format, info->bits};
    wave->memory.data = NULL;
    gli_context_retain(job->ctx);
    return GLIA_OK;
}

/* ---- Life ---- */

void glia_sound_destroy(glia_sound *sound) {
    if (!sound) return;
    glia_context *ctx = sound->ctx;
    gli_block_free(ctx, &sound->wave.memory);
    gli_free(ctx, sound, 1, sizeof *sound);
    gli_context_release(ctx);
}

static glia_status create(gli_job *job, const glia_sound_args *args, const float *samples, glia_sound **out) {
    GLI_JOB_REQUIRE(job, args && out, GLIA_INVALID_ARGUMENT, "%s is NULL", args ? "out" : "args");
    const int channels = args->channels ? args->channels : 1;
    GLI_JOB_REQUIRE(job, args->frames >= 1 && channels >= 1 && channels <= GLI_SOUND_CHANNELS && args->rate >= 1,
                    GLIA_INVALID_ARGUMENT,
                    "frames is %lld and rate %d, must be positive; channels is %d, must be 1 to %d",
                    (long long)args->frames, args->rate, args->channels, GLI_SOUND_CHANNELS);
    gli_wave made;
    GLI_TRY(gli_wave_alloc(job, args->frames, channels, args->rate, &made));
    if (samples)
        memcpy(made.memory.data, samples, made.memory.bytes);
    else
        memset(made.memory.data, 0, made.memory.bytes);
    return gli_sound_wrap(job, &made, &(glia_sound_info){0}, out);
}

glia_status glia_sound_create(glia_context *ctx, const glia_sound_args *args, const float *samples, glia_sound **out) {
    GLI_TRY(gli_enter(ctx));
    gli_job job              = {.ctx = ctx};
    const glia_status status = gli_job_explain(&job, __func__, create(&job, args, samples, out));
    gli_leave(ctx);
    return status;
}

glia_sound_info glia_sound_get_info(const glia_sound *sound) {
    if (!sound) return (glia_sound_info){0};
    const gli_wave *w = &sound->wave;
    return (glia_sound_info){w->frames, w->channels, w->rate, sound->format, sound->bits};
}

float *glia_sound_samples(const glia_sound *sound) { return sound ? sound->wave.memory.data : NULL; }

/* ---- Others ---- */

static glia_status convert(gli_job *job, const glia_sound *sound, const glia_sound_convert_args *args,
                           glia_sound **out) {
    const gli_wave *w = &sound->wave;
    gli_wave made;
    int channels;
    GLI_JOB_REQUIRE(job, args && out, GLIA_INVALID_ARGUMENT, "%s is NULL", args ? "out" : "args");
    GLI_TRY(gli_convert_check(job, args));
    GLI_TRY(gli_mixed_channels(job, args, w->channels, &channels));
    GLI_TRY(gli_wave_alloc(job, w->frames, channels, w->rate, &made));
    gli_mix(args, &(gli_sound_view){w->memory.data, w->frames, w->channels, 1, w->frames}, made.memory.data, w->frames);
    const int rate           = args->rate ? args->rate : w->rate;
    const glia_status status = gli_wave_resample(job, rate, args->quality, &made);
    if (status != GLIA_OK) return gli_wave_free(job, &made), status;
    return gli_sound_wrap(job, &made, &(glia_sound_info){0}, out);
}

glia_status glia_sound_convert(const glia_sound *sound, const glia_sound_convert_args *args, glia_sound **out) {
    GLI_REQUIRE_OBJECT(sound);
    GLI_TRY(gli_enter(sound->ctx));
    gli_job job              = {.ctx = sound->ctx};
    const glia_status status = gli_job_explain(&job, __func__, convert(&job, sound, args, out));
    gli_leave(sound->ctx);
    return status;
}

static glia_status cut(gli_job *job, const glia_sound *sound, int64_t first, int64_t frames, glia_sound **out) {
    const gli_wave *w = &sound->wave;
    gli_wave made;
    GLI_JOB_REQUIRE(job, out, GLIA_INVALID_ARGUMENT, "out is NULL");
    GLI_JOB_REQUIRE(job, frames >= 1, GLIA_INVALID_ARGUMENT, "frames is %lld, must be positive", (long long)frames);
    GLI_TRY(gli_wave_alloc(job, frames, w->channels, w->rate, &made));
    memset(made.memory.data, 0, made.memory.bytes);
    const int64_t begin = gli_max_i64(first, 0), end = gli_min_i64(gli_saturating_add(first, frames), w->frames);
    for (int c = 0; c < w->channels && begin < end; ++c)
        memcpy(gli_wave_channel(&made, c) + (begin - first), gli_wave_channel(w, c) + begin,
               (size_t)(end - begin) * sizeof(float));
    return gli_sound_wrap(job, &made, &(glia_sound_info){0}, out);
}

glia_status glia_sound_cut(const glia_sound *sound, int64_t first, int64_t frames, glia_sound **out) {
    GLI_REQUIRE_OBJECT(sound);
    GLI_TRY(gli_enter(sound->ctx));
    gli_job job              = {.ctx = sound->ctx};
    const glia_status status = gli_job_explain(&job, __func__, cut(&job, sound, first, frames, out));
    gli_leave(sound->ctx);
    return status;
}
