/* Memory that libsndfile will find. */
#ifndef GLI_SOUND_SNDFILE_SNDFILE_RESERVE_H
#define GLI_SOUND_SNDFILE_SNDFILE_RESERVE_H

#include "sound/sound.h"

/* Before each call: libsndfile and libvorbis do not look whether they got what they asked malloc for. So they are
 * called only while there is more than they take. */
glia_status gli_sndfile_reserve(gli_job *job);

#endif
