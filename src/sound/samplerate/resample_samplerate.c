/* Other rates, by libsamplerate. */
#include <math.h>
#include <samplerate.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "sound/sound.h"

static int converter_of(glia_sound_quality quality) {
    switch (quality) {
        case GLIA_SOUND_BEST: return SRC_SINC_BEST_QUALITY;
        case GLIA_SOUND_FAST: return SRC_SINC_FASTEST;
        case GLIA_SOUND_MEDIUM: break;
    }
    return SRC_SINC_MEDIUM_QUALITY;
}

/* The half widths of its filters in frames, rounded up: coefficients by steps, of libsamplerate's high_qual_coeffs.h,
 * mid_qual_coeffs.h and fastest_coeffs.h; and a frame for the rounding of places. */
int64_t gli_resampling_reach(int from, int to, glia_sound_quality quality) {
    static const int half[] = {[GLIA_SOUND_MEDIUM] = 46, [GLIA_SOUND_BEST] = 144, [GLIA_SOUND_FAST] = 20};
    const double wider      = from > to ? (double)from / to : 1;
    return (int64_t)ceil((half[quality] + 1) * wider) + 1;
}

glia_status gli_resample(gli_job *job, const gli_resampling *what, float *to) {
    SRC_DATA data   = {.data_in       = what->from,
                       .data_out      = to,
                       .input_frames  = what->frames,
                       .output_frames = what->wanted,
                       .src_ratio     = (double)what->wanted_rate / what->rate};
    const int error = src_simple(&data, converter_of(what->quality), 1);
    const char *why = error ? src_strerror(error) : "";
    /* The number of an allocation that failed is in none of its headers. */
    GLI_JOB_REQUIRE(job, !error || !strstr(why, "alloc"), GLIA_OUT_OF_MEMORY,
                    "out of memory: libsamplerate has none for %lld frames of %d Hz", (long long)what->frames,
                    what->rate);
    GLI_JOB_REQUIRE(job, !error, GLIA_UNSUPPORTED, "libsamplerate, from %d to %d Hz: %s", what->rate, what->wanted_rate,
                    why);
    for (int64_t i = data.output_frames_gen; i < what->wanted; ++i) to[i] = 0;
    return GLIA_OK;
}
