/* A build without libsamplerate. */
#include "sound/sound.h"

int64_t gli_resampling_reach(int from, int to, glia_sound_quality quality) {
    (void)from, (void)to, (void)quality;
    return 0;
}

glia_status gli_resample(gli_job *job, const gli_resampling *what, float *to) {
    (void)to;
    return GLI_JOB_NOT_BUILT(
        job,
        "from %d to %d Hz: this build of Glia has no libsamplerate: install it (Debian and Ubuntu: "
        "libsamplerate0-dev) and build again",
        what->rate, what->wanted_rate);
}
