/* A build without libsndfile. */
#include "sound/sound.h"
#include "sound/sound_write.h"

#define WITHOUT "this build of Glia has no libsndfile: install it (Debian and Ubuntu: libsndfile1-dev) and build again"

glia_status gli_decoder_open(gli_job *job, gli_sound_input *in, glia_sound_format format, gli_decoder *out) {
    (void)in, (void)format, (void)out;
    return GLI_JOB_NOT_BUILT(job, "is a recording, and " WITHOUT);
}

void gli_decoder_close(gli_decoder *decoder) { (void)decoder; }

glia_status gli_decoder_seek(gli_job *job, gli_decoder *decoder, int64_t frame) {
    (void)decoder, (void)frame;
    return GLI_JOB_NOT_BUILT(job, WITHOUT);
}

glia_status gli_decoder_read(gli_job *job, gli_decoder *decoder, float *to, int64_t frames, int64_t *got) {
    (void)decoder, (void)to, (void)frames, (void)got;
    return GLI_JOB_NOT_BUILT(job, WITHOUT);
}

glia_status gli_encode(gli_job *job, const gli_encoding *what, gli_output *out) {
    (void)what, (void)out;
    return GLI_JOB_NOT_BUILT(job, "sounds are not written: " WITHOUT);
}
