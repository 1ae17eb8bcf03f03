/* Reading a recording of any format, or a part of it, and what was asked of it. */
#define _POSIX_C_SOURCE 200809L
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "sound/sound.h"

glia_status gli_read_args_check(gli_job *job, glia_sound_read_args *a) {
    enum { FRAMES = 1 << 27 };
    GLI_TRY(gli_convert_check(job, &a->convert));
    GLI_JOB_REQUIRE(job, a->first >= 0 && a->frames >= 0 && a->max_frames >= 0, GLIA_INVALID_ARGUMENT,
                    "first is %lld, frames %lld and max_frames %lld: must not be negative", (long long)a->first,
                    (long long)a->frames, (long long)a->max_frames);
    if (a->frames == 0) a->frames = INT64_MAX;
    if (a->max_frames == 0) a->max_frames = FRAMES;
    return GLIA_OK;
}

/* ---- Opening ---- */

glia_status gli_sound_open_file(gli_job *job, const char *path, gli_sound_input *out) {
    size_t bytes;
    *out      = (gli_sound_input){0};
    job->name = *path ? path : "a path of no characters";
    GLI_TRY(gli_job_open_file(job, path, INT64_MAX, &out->file, &bytes));
    out->size = (int64_t)bytes;
    return GLIA_OK;
}

static glia_status find_format(gli_job *job, gli_sound_input *in, glia_sound_format *out) {
    unsigned char first[12];
    char text[4 * 3 + 1] = "";
    const char *name;
    *out                = GLIA_SOUND_NONE;
    in->at              = 0;
    const int64_t bytes = gli_sound_input_read(in, first, sizeof first);
    if (in->error) return gli_job_fail_errno(job, job->name, in->error);
    *out = gli_sound_format_of((gli_bytes){first, (size_t)bytes}, &name);
    for (int i = 0; i < 4 && i < bytes; ++i) snprintf(text + 3 * i, 4, " %02x", first[i]);
    GLI_JOB_REQUIRE(job, name, GLIA_BAD_FORMAT, "is no recording: %lld bytes that begin with%s", (long long)in->size,
                    text);
    GLI_JOB_REQUIRE(job, *out != GLIA_SOUND_NONE, GLIA_UNSUPPORTED, "is %s, which is not read: WAV, FLAC and OGG are",
                    name);
    return GLIA_OK;
}

glia_status gli_sound_open(gli_job *job, gli_sound_input *in, bool checked, gli_decoder *out) {
    glia_sound_format format;
    GLI_TRY(find_format(job, in, &format));
    if (!checked) GLI_TRY(gli_sound_check_whole(job, in, format));
    in->at = 0;
    return gli_decoder_open(job, in, format, out);
}

/* ---- Frames ----
 *
 * How many there are a header may say wrongly, so that memory is taken piece by piece, for what was decoded. */

typedef struct piece {
    struct piece *next;
    gli_block self;
    int64_t frames;
    float data[]; /* [channels, the frames of a whole piece] */
} piece;

typedef struct pieces {
    gli_job *job;
    const glia_sound_read_args *args;
    gli_decoder *decoder;
    piece *first, **end;
    int channels;   /* mixed */
    int64_t frames; /* of all */
    int64_t whole;  /* of one piece */
    gli_block decoded;
} pieces;

/* Room for the interleaved frames that are decoded at a time. */
static glia_status alloc_frames(gli_job *job, const gli_decoder *decoder, int64_t *frames, gli_block *out) {
    enum { NUMBERS = 1 << 16 };
    const int channels = decoder->info.channels;
    *frames            = gli_max_i64(NUMBERS / channels, 1);
    return gli_job_alloc(job, (size_t)(*frames * channels), sizeof(float), "frames of a sound", out);
}

static void free_pieces(const pieces *p) {
    for (piece *next, *i = p->first; i; i = next) {
        next           = i->next;
        gli_block self = i->self;
        gli_block_free(p->job->ctx, &self);
    }
}

/* Appends at most `most` frames; *got: how many. */
static glia_status add_piece(pieces *p, int64_t most, int64_t *got) {
    gli_job *job = p->job;
    gli_block memory;
    const int64_t frames = gli_min_i64(most, p->whole);
    GLI_TRY(gli_decoder_read(job, p->decoder, p->decoded.data, frames, got));
    if (*got == 0) return GLIA_OK;
    GLI_JOB_REQUIRE(job, *got <= p->args->max_frames - p->frames, GLIA_BAD_FORMAT,
                    "has more than %lld frames, which are allowed (max_frames)", (long long)p->args->max_frames);
    GLI_TRY(
        gli_job_alloc(job, sizeof(piece) + (size_t)(p->whole * p->channels) * sizeof(float), 1, "a sound", &memory));
    piece *made = memory.data;
    *made       = (piece){.self = memory, .frames = *got};
    const int n = p->decoder->info.channels;
    gli_mix(&p->args->convert, &(gli_sound_view){p->decoded.data, *got, n, n, 1}, made->data, p->whole);
    *p->end = made;
    p->end  = &made->next;
    p->frames += *got;
    return GLIA_OK;
}

static glia_status join(const pieces *p, gli_wave *out) {
    GLI_TRY(gli_wave_alloc(p->job, p->frames, p->channels, p->decoder->info.rate, out));
    int64_t at = 0;
    for (const piece *i = p->first; i; at += i->frames, i = i->next)
        for (int c = 0; c < p->channels; ++c)
            memcpy(gli_wave_channel(out, c) + at, i->data + c * p->whole, (size_t)i->frames * sizeof(float));
    return GLIA_OK;
}

static glia_status check_end(gli_job *job, const gli_decoder *decoder, int64_t first, int64_t frames, int64_t most) {
    const int64_t all = decoder->info.frames, promised = all > 0 ? gli_min_i64(all - first, most) : 0;
    GLI_JOB_REQUIRE(job, frames >= promised, GLIA_BAD_FORMAT, "truncated or broken: it ends at frame %lld of %lld",
                    (long long)(first + frames), (long long)all);
    GLI_JOB_REQUIRE(job, frames > 0, GLIA_BAD_FORMAT, "has no frames");
    return GLIA_OK;
}

static glia_status read_pieces(pieces *p, gli_wave *out) {
    const glia_sound_read_args *a = p->args;
    int64_t got                   = 1;
    if (a->first > 0) GLI_TRY(gli_decoder_seek(p->job, p->decoder, a->first));
    while (got > 0 && p->frames < a->frames) GLI_TRY(add_piece(p, a->frames - p->frames, &got));
    GLI_TRY(check_end(p->job, p->decoder, a->first, p->frames, a->frames));
    return join(p, out);
}

glia_status gli_sound_read_part(gli_job *job, const glia_sound_read_args *args, gli_decoder *decoder, gli_wave *out) {
    const glia_sound_info *info = &decoder->info;
    pieces p                    = {.job = job, .args = args, .decoder = decoder};
    p.end                       = &p.first;
    GLI_TRY(gli_mixed_channels(job, &args->convert, info->channels, &p.channels));
    GLI_JOB_REQUIRE(job, info->frames == 0 || args->first < info->frames, GLIA_BAD_FORMAT,
                    "has %lld frames, none from %lld on", (long long)info->frames, (long long)args->first);
    const int64_t wanted = gli_min_i64(info->frames - args->first, args->frames);
    GLI_JOB_REQUIRE(job, wanted <= args->max_frames, GLIA_BAD_FORMAT, "has %lld frames, allowed are %lld (max_frames)",
                    (long long)wanted, (long long)args->max_frames);
    GLI_TRY(alloc_frames(job, decoder, &p.whole, &p.decoded));
    const glia_status status = read_pieces(&p, out);
    free_pieces(&p);
    gli_block_free(job->ctx, &p.decoded);
    return status;
}

glia_status gli_sound_verify(gli_job *job, gli_decoder *decoder) {
    int64_t whole, got = 1, frames = 0;
    gli_block decoded;
    GLI_TRY(alloc_frames(job, decoder, &whole, &decoded));
    glia_status status = GLIA_OK;
    for (; status == GLIA_OK && got > 0; frames += got)
        status = gli_decoder_read(job, decoder, decoded.data, whole, &got);
    gli_block_free(job->ctx, &decoded);
    return status == GLIA_OK ? check_end(job, decoder, 0, frames, INT64_MAX) : status;
}

/* ---- The public functions ---- */

static glia_status read_input(gli_job *job, const glia_sound_read_args *args, gli_sound_input *in, glia_sound **out) {
    gli_decoder decoder;
    gli_wave wave;
    GLI_TRY(gli_sound_open(job, in, false, &decoder));
    const glia_sound_info info = decoder.info;
    glia_status status         = gli_sound_read_part(job, args, &decoder, &wave);
    gli_decoder_close(&decoder);
    if (status != GLIA_OK) return status;
    const int rate       = args->convert.rate ? args->convert.rate : wave.rate;
    const int64_t frames = gli_resampled_frames(wave.frames, wave.rate, rate);
    if (frames > args->max_frames)
        status = gli_job_fail(job, GLIA_BAD_FORMAT, "has %lld frames at %d Hz, allowed are %lld (max_frames)",
                              (long long)frames, rate, (long long)args->max_frames);
    if (status == GLIA_OK) status = gli_wave_resample(job, rate, args->convert.quality, &wave);
    if (status != GLIA_OK) return gli_wave_free(job, &wave), status;
    return gli_sound_wrap(job, &wave, &info, out);
}

static glia_status copy_args(gli_job *job, const glia_sound_read_args *given, glia_sound_read_args *out) {
    *out = given ? *given : (glia_sound_read_args){0};
    return gli_read_args_check(job, out);
}

static glia_status decode(gli_job *job, const void *data, size_t bytes, const glia_sound_read_args *given,
                          glia_sound **out) {
    glia_sound_read_args args;
    GLI_JOB_REQUIRE(job, data && out, GLIA_INVALID_ARGUMENT, "%s is NULL", data ? "out" : "data");
    GLI_TRY(copy_args(job, given, &args));
    gli_sound_input in = {.memory = data, .size = (int64_t)gli_min_size(bytes, INT64_MAX)};
    return read_input(job, &args, &in, out);
}

glia_status glia_sound_decode(glia_context *ctx, const void *data, size_t bytes, const glia_sound_read_args *args,
                              glia_sound **out) {
    GLI_TRY(gli_enter(ctx));
    gli_job job              = {.ctx = ctx};
    const glia_status status = gli_job_explain(&job, __func__, decode(&job, data, bytes, args, out));
    gli_leave(ctx);
    return status;
}

static glia_status read(gli_job *job, const char *path, const glia_sound_read_args *given, glia_sound **out) {
    glia_sound_read_args args;
    gli_sound_input in;
    GLI_JOB_REQUIRE(job, path && out, GLIA_INVALID_ARGUMENT, "%s is NULL", path ? "out" : "path");
    GLI_TRY(copy_args(job, given, &args));
    GLI_TRY(gli_sound_open_file(job, path, &in));
    const glia_status status = read_input(job, &args, &in, out);
    fclose(in.file);
    return status;
}

glia_status glia_sound_read(glia_context *ctx, const char *path, const glia_sound_read_args *args, glia_sound **out) {
    GLI_TRY(gli_enter(ctx));
    gli_job job              = {.ctx = ctx};
    const glia_status status = gli_job_explain(&job, __func__, read(&job, path, args, out));
    gli_leave(ctx);
    return status;
}

static glia_status probe(gli_job *job, const char *path, glia_sound_info *out) {
    gli_sound_input in;
    gli_decoder decoder;
    GLI_JOB_REQUIRE(job, path && out, GLIA_INVALID_ARGUMENT, "%s is NULL", path ? "out" : "path");
    GLI_TRY(gli_sound_open_file(job, path, &in));
    const glia_status status = gli_sound_open(job, &in, false, &decoder);
    if (status == GLIA_OK) {
        *out = decoder.info;
        gli_decoder_close(&decoder);
    }
    fclose(in.file);
    return status;
}

glia_status glia_sound_probe(glia_context *ctx, const char *path, glia_sound_info *out) {
    GLI_TRY(gli_enter(ctx));
    gli_job job              = {.ctx = ctx};
    const glia_status status = gli_job_explain(&job, __func__, probe(&job, path, out));
    gli_leave(ctx);
    return status;
}
