/* Encoding, by libsndfile. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <math.h>
#include <sndfile.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "sound/sndfile/sndfile_reserve.h"
#include "sound/sound_write.h"

/* ---- The output, as libsndfile sees it: it goes back to what it wrote first ---- */

typedef struct target {
    gli_output *out;
    glia_status status; /* of the output */
} target;

static sf_count_t output_tell(void *user) { return ftello(((const target *)user)->out->file); }

static sf_count_t output_seek(sf_count_t offset, int whence, void *user) {
    return fseeko(((const target *)user)->out->file, (off_t)offset, whence) == 0 ? output_tell(user) : -1;
}

static sf_count_t output_size(void *user) {
    const sf_count_t at = output_tell(user), size = output_seek(0, SEEK_END, user);
    output_seek(at, SEEK_SET, user);
    return size;
}

static sf_count_t output_write(const void *from, sf_count_t bytes, void *user) {
    target *t = user;
    if (t->status == GLIA_OK) t->status = gli_output_write(t->out, from, (size_t)bytes);
    return t->status == GLIA_OK ? bytes : 0;
}

static sf_count_t output_read(void *to, sf_count_t bytes, void *user) {
    const size_t got = fread(to, 1, (size_t)bytes, ((const target *)user)->out->file);
    return (sf_count_t)got;
}

/* ---- Numbers ---- */

enum { PIECE = 1 << 12 }; /* numbers of all channels that are written at once */

/* Whole numbers as libsndfile takes them, in the high bits of an int: x / 2^(bits - 1) is what will be read. */
static int whole(float x, int bits) {
    const double scale = ldexp(1, bits - 1), q = rint(x * scale);
    return (int)ldexp(fmax(-scale, fmin(scale - 1, q)), 32 - bits);
}

static bool write_piece(SNDFILE *file, const gli_encoding *what, int64_t first, int64_t frames) {
    const gli_wave *w = what->wave;
    union {
        int whole[PIECE];
        float real[PIECE];
    } to;
    for (int64_t f = 0, i = 0; f < frames; ++f)
        for (int c = 0; c < w->channels; ++c, ++i) {
            const float x = gli_wave_channel(w, c)[first + f];
            if (what->bits == 32)
                to.real[i] = x;
            else
                to.whole[i] = whole(x, what->bits);
        }
    return (what->bits == 32 ? sf_writef_float(file, to.real, frames) : sf_writef_int(file, to.whole, frames)) ==
           frames;
}

/* ---- Encoding ---- */

static glia_status fail(gli_job *job, const target *t, int error) {
    const char *why = sf_error_number(error);
    if (t->status != GLIA_OK) return t->status; /* the context has the message */
    GLI_JOB_REQUIRE(job, !strstr(why, "malloc"), GLIA_OUT_OF_MEMORY, "out of memory: libsndfile has none to write");
    return gli_job_fail(job, GLIA_IO_ERROR, "libsndfile: %s", why);
}

static int format_of(const gli_encoding *what) {
    const int major = what->format == GLIA_SOUND_FLAC ? SF_FORMAT_FLAC : SF_FORMAT_WAV;
    return major | (what->bits == 32 ? SF_FORMAT_FLOAT : what->bits == 24 ? SF_FORMAT_PCM_24 : SF_FORMAT_PCM_16);
}

glia_status gli_encode(gli_job *job, const gli_encoding *what, gli_output *out) {
    const gli_wave *w = what->wave;
    target t          = {out, GLIA_OK};
    SF_VIRTUAL_IO io  = {output_size, output_seek, output_read, output_write, output_tell};
    SF_INFO info      = {.samplerate = w->rate, .channels = w->channels, .format = format_of(what)};
    GLI_TRY(gli_sndfile_reserve(job));
    SNDFILE *file = sf_open_virtual(&io, SFM_WRITE, &info, &t);
    if (!file) return fail(job, &t, sf_error(NULL));
    sf_command(file, SFC_SET_ADD_PEAK_CHUNK, NULL, SF_FALSE); /* it would hold the time */
    const int64_t most = PIECE / w->channels;
    int64_t done       = 0;
    while (done < w->frames) {
        const int64_t frames = gli_min_i64(w->frames - done, most);
        if (!write_piece(file, what, done, frames)) break;
        done += frames;
    }
    const int error  = sf_error(file);
    const int closed = sf_close(file);
    if (done == w->frames && t.status == GLIA_OK && closed == 0) return GLIA_OK;
    return fail(job, &t, error ? error : closed);
}
