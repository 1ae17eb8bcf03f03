/* Decoding, by libsndfile. What it keeps for all its files, the reason why the last one was not opened, several threads
 * may write at once: then a message may have the reason of another file, and nothing else changes. */
#include <sndfile.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "sound/sndfile/sndfile_reserve.h"

/* ---- The input, as libsndfile sees it ---- */

static sf_count_t input_size(void *user) { return ((const gli_sound_input *)user)->size; }

static sf_count_t input_tell(void *user) { return ((const gli_sound_input *)user)->at; }

static sf_count_t input_seek(sf_count_t offset, int whence, void *user) {
    gli_sound_input *in = user;
    sf_count_t base     = whence == SEEK_CUR ? in->at : whence == SEEK_END ? in->size : 0, at;
    if (__builtin_add_overflow(base, offset, &at) || at < 0) return -1;
    return in->at = at;
}

static sf_count_t input_read(void *to, sf_count_t bytes, void *user) { return gli_sound_input_read(user, to, bytes); }

static sf_count_t input_write(const void *from, sf_count_t bytes, void *user) {
    (void)from, (void)bytes, (void)user;
    return 0;
}

/* ---- What it says ---- */

static const char *name_of(glia_sound_format format) {
    return format == GLIA_SOUND_WAV ? "WAV" : format == GLIA_SOUND_FLAC ? "FLAC" : "OGG";
}

/* An error of libsndfile, of which only the text says that memory was missing. */
static glia_status fail(gli_job *job, const gli_sound_input *in, glia_sound_format format, int error) {
    const char *why = sf_error_number(error);
    if (in->error) return gli_job_fail_errno(job, job->name, in->error);
    GLI_JOB_REQUIRE(job, !strstr(why, "malloc"), GLIA_OUT_OF_MEMORY, "out of memory: libsndfile has none for this %s",
                    name_of(format));
    return gli_job_fail(job, GLIA_BAD_FORMAT, "broken %s of %lld bytes, libsndfile: %s", name_of(format),
                        (long long)in->size, why);
}

static int bits_of(int format) {
    switch (format & SF_FORMAT_SUBMASK) {
        case SF_FORMAT_PCM_S8:
        case SF_FORMAT_PCM_U8: return 8;
        case SF_FORMAT_PCM_16: return 16;
        case SF_FORMAT_PCM_24: return 24;
        case SF_FORMAT_PCM_32:
        case SF_FORMAT_FLOAT: return 32;
        case SF_FORMAT_DOUBLE: return 64;
        default: return 0;
    }
}

/* ---- Decoding ---- */

glia_status gli_decoder_open(gli_job *job, gli_sound_input *in, glia_sound_format format, gli_decoder *out) {
    SF_VIRTUAL_IO io = {input_size, input_seek, input_read, input_write, input_tell};
    SF_INFO info     = {0};
    GLI_TRY(gli_sndfile_reserve(job));
    SNDFILE *file = sf_open_virtual(&io, SFM_READ, &info, in);
    if (!file) return fail(job, in, format, sf_error(NULL));
    const bool known = info.frames > 0 && info.frames < SF_COUNT_MAX;
    *out =
        (gli_decoder){.in   = in,
                      .info = {known ? info.frames : 0, info.channels, info.samplerate, format, bits_of(info.format)},
                      .file = file};
    if (info.channels >= 1 && info.channels <= GLI_SOUND_CHANNELS && info.samplerate >= 1) return GLIA_OK;
    gli_decoder_close(out);
    return gli_job_fail(job, GLIA_BAD_FORMAT, "has %d channels at %d Hz", info.channels, info.samplerate);
}

void gli_decoder_close(gli_decoder *decoder) { sf_close(decoder->file); }

glia_status gli_decoder_seek(gli_job *job, gli_decoder *decoder, int64_t frame) {
    GLI_TRY(gli_sndfile_reserve(job));
    const sf_count_t at = sf_seek(decoder->file, frame, SEEK_SET);
    if (decoder->in->error) return gli_job_fail_errno(job, job->name, decoder->in->error);
    GLI_JOB_REQUIRE(job, at == frame, GLIA_BAD_FORMAT, "has no frame %lld that libsndfile can go to", (long long)frame);
    return GLIA_OK;
}

glia_status gli_decoder_read(gli_job *job, gli_decoder *decoder, float *to, int64_t frames, int64_t *got) {
    GLI_TRY(gli_sndfile_reserve(job));
    *got            = gli_max_i64(sf_readf_float(decoder->file, to, frames), 0);
    const int error = sf_error(decoder->file);
    if (error || decoder->in->error) return fail(job, decoder->in, decoder->info.format, error);
    return GLIA_OK;
}
