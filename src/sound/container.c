/* What a recording is, and whether it is whole: libsndfile reads what is left of a truncated one without a word.
 * Sources: Microsoft, Multimedia Programming Interface and Data Specifications 1.0 (1991), "RIFF" and "WAVE"; RFC 9639
 * (FLAC), section 6; RFC 3533 (Ogg), section 6. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "sound/sound.h"

/* ---- Bytes ---- */

int64_t gli_sound_input_read(gli_sound_input *in, void *to, int64_t bytes) {
    bytes = gli_max_i64(gli_min_i64(bytes, in->size - in->at), 0);
    if (bytes == 0) return 0;
    if (!in->file) {
        memcpy(to, in->memory + in->at, (size_t)bytes);
    } else {
        const bool found = fseeko(in->file, (off_t)in->at, SEEK_SET) == 0;
        const size_t got = found ? fread(to, 1, (size_t)bytes, in->file) : 0;
        if (got < (size_t)bytes && (!found || ferror(in->file))) in->error = errno;
        bytes = (int64_t)got;
    }
    in->at += bytes;
    return bytes;
}

/* Exactly these bytes; false: there are fewer. */
static bool read_at(gli_sound_input *in, int64_t at, void *to, int64_t bytes) {
    in->at = at;
    return gli_sound_input_read(in, to, bytes) == bytes;
}

static uint32_t little(const unsigned char *b) {
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* ---- Formats ---- */

glia_sound_format gli_sound_format_of(gli_bytes begin, const char **name) {
    static const struct {
        const char *name, *magic;
        size_t at, bytes; /* where that stands, and its size */
        glia_sound_format format;
    } all[] = {
        {"WAV", "WAVE", 8, 4, GLIA_SOUND_WAV},
        {"FLAC", "fLaC", 0, 4, GLIA_SOUND_FLAC},
        {"OGG", "OggS", 0, 4, GLIA_SOUND_OGG},
        {"AIFF", "FORM", 0, 4, GLIA_SOUND_NONE},
        {"AU", ".snd", 0, 4, GLIA_SOUND_NONE},
        {"CAF", "caff", 0, 4, GLIA_SOUND_NONE},
        {"MP3", "ID3", 0, 3, GLIA_SOUND_NONE},
        {"MP3", "\xff\xfb", 0, 2, GLIA_SOUND_NONE},
        {"MP3", "\xff\xf3", 0, 2, GLIA_SOUND_NONE},
        {"Wave64", "riff", 0, 4, GLIA_SOUND_NONE},
        {"Matroska", "\x1a\x45\xdf\xa3", 0, 4, GLIA_SOUND_NONE},
        {"MP4", "ftyp", 4, 4, GLIA_SOUND_NONE},
    };
    *name = NULL;
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i) {
        if (all[i].at + all[i].bytes > begin.size || memcmp(begin.data + all[i].at, all[i].magic, all[i].bytes) != 0)
            continue;
        const bool riff = all[i].format != GLIA_SOUND_WAV || memcmp(begin.data, "RIFF", 4) == 0;
        *name           = riff ? all[i].name : "WAV of another kind than RIFF";
        return riff ? all[i].format : GLIA_SOUND_NONE;
    }
    return GLIA_SOUND_NONE;
}

/* ---- Whole ---- */

static glia_status stop(gli_job *job, const gli_sound_input *in, int64_t at, const char *what) {
    if (in->error) return gli_job_fail_errno(job, job->name, in->error);
    return gli_job_fail(job, GLIA_BAD_FORMAT, "truncated: it ends at byte %" PRId64 ", before %s", at, what);
}

/* Chunks of an id and a size, up to that of the samples. Programs that write to a pipe leave a size that no file has,
 * the largest number or, SoX, about the largest int; then it goes to the file's end. */
static glia_status check_wav(gli_job *job, gli_sound_input *in) {
    enum { HEADER = 8, PIPE = 0x7ffff000 };
    for (int64_t at = 12;;) {
        unsigned char chunk[HEADER];
        if (!read_at(in, at, chunk, HEADER)) return stop(job, in, in->size, "its samples");
        const int64_t bytes = little(chunk + 4), left = in->size - at - HEADER;
        const bool samples = memcmp(chunk, "data", 4) == 0;
        if (samples && bytes >= PIPE) return GLIA_OK;
        GLI_JOB_REQUIRE(job, bytes <= left, GLIA_BAD_FORMAT,
                        "truncated: %s at byte %" PRId64 " have %" PRId64 " bytes, and the file %" PRId64 " more",
                        samples ? "its samples" : "the bytes of a part", at, bytes, left);
        if (samples) return GLIA_OK;
        at += HEADER + bytes + bytes % 2;
    }
}

/* Pages, up to the last one of a stream; what is behind it is not sound. */
static glia_status check_ogg(gli_job *job, gli_sound_input *in) {
    enum { HEADER = 27, TYPE = 5, SEGMENTS = 26, LAST = 4 };
    bool last = false;
    for (int64_t at = 0;;) {
        unsigned char page[HEADER], sizes[255];
        const bool is_page = read_at(in, at, page, HEADER) && memcmp(page, "OggS", 4) == 0;
        if (in->error || (!is_page && !last && at >= in->size))
            return stop(job, in, in->size, "the last page of a stream");
        GLI_JOB_REQUIRE(job, is_page || last, GLIA_BAD_FORMAT, "truncated or broken: no page begins at byte %" PRId64,
                        at);
        if (!is_page) return GLIA_OK;
        if (!read_at(in, at + HEADER, sizes, page[SEGMENTS])) return stop(job, in, in->size, "the end of a page");
        at += HEADER + page[SEGMENTS];
        for (int i = 0; i < page[SEGMENTS]; ++i) at += sizes[i];
        if (at > in->size) return stop(job, in, in->size, "the end of a page");
        last = page[TYPE] & LAST;
    }
}

glia_status gli_sound_check_whole(gli_job *job, gli_sound_input *in, glia_sound_format format) {
    if (format == GLIA_SOUND_WAV) return check_wav(job, in);
    if (format == GLIA_SOUND_OGG) return check_ogg(job, in);
    return GLIA_OK; /* FLAC says how many frames it has */
}
