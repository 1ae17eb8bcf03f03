/* Writing sounds to files that are replaced as a whole. */
#ifndef GLI_SOUND_SOUND_WRITE_H
#define GLI_SOUND_SOUND_WRITE_H

#include "io/output.h"
#include "sound/sound.h"

typedef struct gli_encoding {
    const gli_wave *wave;
    glia_sound_format format;
    int bits; /* 16 or 24; 32: floats */
} gli_encoding;

/* The libsndfile side: sndfile/encode_sndfile.c, or no_sndfile/sndfile_none.c. Messages are in the job; a failure of
 * the output has left its own in the context, and job's is empty. */
glia_status gli_encode(gli_job *job, const gli_encoding *what, gli_output *out);

#endif
