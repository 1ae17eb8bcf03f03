/* Reading a window of a recording: decoded from where it begins, mixed, resampled, cut or padded. */
#include "sound/sound_sample.h"

#include <string.h>

#include "core/size.h"

/* ---- Windows ---- */

int64_t gli_sound_set_count(const gli_sound_set *set) { return set->first[set->n_first - 1]; }

int64_t gli_sound_set_recording(const gli_sound_set *set, int64_t window) {
    return gli_last_not_above(set->first, set->n_first - 1, window);
}

int64_t gli_sound_windows(const gli_sound_set *set, int64_t frames, int rate) {
    const glia_sound_dataset_args *a = &set->args;
    const int64_t all = gli_resampled_frames(frames, rate, a->rate), over = gli_max_i64(all - a->length, 0);
    if (a->hop == 0) return 1;
    return 1 + (a->partial ? gli_divide_up(over, a->hop) : over / a->hop);
}

/* ---- Reading ---- */

/* What is read so that the frames from `begin` on become right at another rate: from a frame on that has one of the
 * other rate at the same time, and as many around as the resampling reaches. skip: what comes before, of the result. */
typedef struct part {
    int64_t first, frames; /* at the rate of the file */
    int64_t skip;
} part;

static int64_t common_divisor(int64_t a, int64_t b) { return b == 0 ? a : common_divisor(b, a % b); }

static part part_of(const gli_sound_set *set, int64_t begin, int rate) {
    const int64_t wanted = set->args.rate, length = set->args.length;
    if (rate == wanted) return (part){begin, length, 0};
    const int64_t reach  = gli_resampling_reach(rate, (int)wanted, set->args.quality);
    const int64_t common = common_divisor(rate, wanted), step = rate / common;
    const int64_t from = gli_max_i64(gli_saturating_mul(begin, rate) / wanted - reach, 0) / step;
    const int64_t end  = gli_divide_up(gli_saturating_mul(begin + length, rate), wanted) + reach;
    return (part){from * step, end - from * step, begin - from * (wanted / common)};
}

static glia_status read_window(gli_job *job, const gli_sound_set *set, gli_decoder *decoder, int64_t begin, float *to) {
    const int64_t length          = set->args.length;
    const part p                  = part_of(set, begin, decoder->info.rate);
    const glia_sound_read_args of = {
        .convert = set->convert, .first = p.first, .frames = p.frames, .max_frames = INT64_MAX};
    gli_wave wave;
    GLI_TRY(gli_sound_read_part(job, &of, decoder, &wave));
    glia_status status = gli_wave_resample(job, set->args.rate, set->args.quality, &wave);
    if (status == GLIA_OK && wave.channels != set->args.channels)
        status = gli_job_fail(job, GLIA_SHAPE_MISMATCH, "has %d channels, samples have %d", wave.channels,
                              set->args.channels);
    const int64_t frames = gli_max_i64(gli_min_i64(wave.frames - p.skip, length), 0);
    for (int c = 0; c < wave.channels && status == GLIA_OK; ++c, to += length) {
        if (frames > 0) memcpy(to, gli_wave_channel(&wave, c) + p.skip, (size_t)frames * sizeof *to);
        memset(to + frames, 0, (size_t)(length - frames) * sizeof *to);
    }
    gli_wave_free(job, &wave);
    return status;
}

static glia_status read(gli_job *job, const gli_sound_set *set, int64_t begin, float *to) {
    gli_sound_input in;
    gli_decoder decoder;
    GLI_TRY(gli_sound_open_file(job, job->name, &in));
    glia_status status = gli_sound_open(job, &in, gli_sound_set_looks_at(set), &decoder);
    if (status == GLIA_OK) {
        status = read_window(job, set, &decoder, begin, to);
        gli_decoder_close(&decoder);
    }
    fclose(in.file);
    return status;
}

glia_status gli_sound_sample_read(void *user, const glia_sample *sample) {
    const gli_sound_set *set = user;
    const int64_t recording  = gli_sound_set_recording(set, sample->index);
    gli_job job              = {.ctx = set->ctx, .name = gli_file_list_get(&set->list, recording)->path};
    const int64_t window     = sample->index - set->first[recording];
    const glia_status status = read(&job, set, window * set->args.hop, sample->inputs[0]);
    if (status != GLIA_OK) gli_job_explain_sample(&job, sample->message, GLIA_SAMPLE_MESSAGE);
    return status;
}
