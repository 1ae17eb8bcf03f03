/* Work that any thread may do: of the context only memory is used, and the message waits in the job for the thread that
 * may give it to the context. Workers of datasets read files so. */
#ifndef GLI_IO_JOB_H
#define GLI_IO_JOB_H

#include <stdio.h>

#include "core/context_impl.h"

enum { GLI_JOB_MESSAGE = 400 };

typedef struct gli_job {
    glia_context *ctx;
    const char *name; /* that messages begin with: a path; NULL: none */
    char message[GLI_JOB_MESSAGE];
    bool not_built; /* it failed as this build lacks a library, whatever the file is */
} gli_job;

glia_status gli_job_fail(gli_job *job, glia_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define GLI_JOB_REQUIRE(job, condition, status, ...)                         \
    do {                                                                     \
        if (!(condition)) return gli_job_fail((job), (status), __VA_ARGS__); \
    } while (0)

/* A failure as this build lacks a library. */
#define GLI_JOB_NOT_BUILT(job, ...) ((job)->not_built = true, gli_job_fail((job), GLIA_UNSUPPORTED, __VA_ARGS__))

/* Whether a failure says something about the file, rather than about the machine or the build: such a file may be left
 * out of many. */
static inline bool gli_job_blames_file(const gli_job *job, glia_status status) {
    return status != GLIA_OK && status != GLIA_OUT_OF_MEMORY && status != GLIA_IO_ERROR && !job->not_built;
}

/* As gli_block_alloc, with the message in the job. */
glia_status gli_job_alloc(gli_job *job, size_t count, size_t size, const char *what, gli_block *out);

/* Keeps the job's message in the context, for the thread that uses it; function: the caller's name, where the job has
 * none. Returns status. */
glia_status gli_job_explain(const gli_job *job, const char *function, glia_status status);

/* The same in the `bytes` of a sample's message, for a job with a name: what was wrong, and as much of the end of the
 * name before it as there is room for. */
void gli_job_explain_sample(const gli_job *job, char *message, size_t bytes);

/* ---- Files ---- */

/* The words of an errno that a path gave; its status is returned. */
glia_status gli_job_fail_errno(gli_job *job, const char *path, int error);

/* Opens what is a file, of at least one byte and of at most max_bytes, to read it. */
glia_status gli_job_open_file(gli_job *job, const char *path, size_t max_bytes, FILE **out, size_t *bytes);

/* The content of a file of at most so many bytes. */
glia_status gli_job_read_file(gli_job *job, const char *path, size_t max_bytes, gli_block *out);

/* A file in memory. */
typedef struct gli_bytes {
    const unsigned char *data;
    size_t size;
} gli_bytes;

#endif
