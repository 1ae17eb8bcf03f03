#include "sound/sndfile/sndfile_reserve.h"

#include <stdlib.h>

/* 150 KB were the most for files of two channels; FLAC takes 4 MB where it has 8 channels and its longest blocks. */
glia_status gli_sndfile_reserve(gli_job *job) {
    enum { ROOM = 8 << 20 };
    void *volatile room = malloc(ROOM); /* volatile: compilers leave out an allocation that nobody uses */
    const bool there    = room;
    free(room);
    GLI_JOB_REQUIRE(job, there, GLIA_OUT_OF_MEMORY, "out of memory: %d bytes for libsndfile to work with", ROOM);
    return GLIA_OK;
}
