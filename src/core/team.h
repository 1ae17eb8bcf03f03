/* A team of threads that share out a job: the caller and its workers. */
#ifndef GLI_CORE_TEAM_H
#define GLI_CORE_TEAM_H

#include <stddef.h>
#include <stdint.h>

typedef struct gli_team gli_team;

/* A job: body(arg, i, lane) for each piece i of 0 .. pieces-1. lane is the thread's own for this job, below the team's
 * size and below `pieces`: it may index memory that a thread needs while it works. */
typedef struct gli_job {
    void (*body)(void *arg, int64_t piece, int lane);
    void *arg;
    int64_t pieces;
} gli_job;

/* A team of `size` threads, the caller among them, in memory of gli_team_bytes(size), aligned to a cache line. Starts
 * no thread yet; gli_team_end ends those that were started. */
size_t gli_team_bytes(int size);
void gli_team_init(gli_team *team, int size);
void gli_team_end(gli_team *team);

/* Runs the job and returns when all pieces are done. One thread at a time may call it. A job that a body starts is
 * run by that body's thread alone. The first call starts the workers, as many as the system gives: the caller works
 * through the pieces as well, and waits only for those that a worker has begun. After fork the child's first call
 * starts its own. All bodies run in the mode of float_mode.h. */
void gli_team_run(gli_team *team, const gli_job *job);

/* How many threads there are now: 1 before the first job. */
int gli_team_threads(const gli_team *team);

/* The number of processors that the process may use. */
int gli_team_default_size(void);

#endif
