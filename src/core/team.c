/* A job is announced by making the number of the jobs odd and is over when that is even again. Each thread has a share
 * of its pieces, which lie side by side, and takes those of others after its own: so pieces that have the same memory
 * in one job after another mostly find it in their processor's cache. A worker that arrives late counts itself in,
 * looks whether a job is open, and finds none: the caller closes the job before it waits for those inside, so it never
 * waits for a thread that has not begun. Whoever has nothing to do spins for a while, because the next job usually
 * comes soon, and then sleeps. */
#define _GNU_SOURCE
#include "core/team.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "core/float_mode.h"
#include "core/size.h"
#include "core/thread.h"

enum {
    WORKER_SPIN_NS = 200000, /* more than an op that needs one thread takes in a small network */
    CALLER_SPIN_NS = 30000,
    SPINS_PER_LOOK = 32, /* at the clock */
    STACK_BYTES    = 256 << 10,
    CACHE_LINE     = 64,
};

/* A thread. */
typedef struct member {
    _Alignas(CACHE_LINE) _Atomic int64_t next; /* piece of its share */
    int64_t end;
    gli_team *team;
    pthread_t thread;
} member;

struct gli_team {
    int size;    /* wanted, the caller included */
    int workers; /* that run */
    bool started;
    bool running;  /* a job */
    pid_t process; /* that the workers are in */
    gli_job job;
    int shares;            /* of the job: one for each thread, as far as there are pieces */
    pthread_mutex_t mutex; /* of sleeping only */
    pthread_cond_t work, over;
    atomic_bool stop;
    atomic_uint sleepers;
    atomic_bool caller_sleeps;
    _Alignas(CACHE_LINE) atomic_uint jobs; /* begun and ended: odd while one is open */
    _Alignas(CACHE_LINE) atomic_uint inside;
    _Alignas(CACHE_LINE) atomic_int lanes; /* that are taken */
    member member[];                       /* the caller is the first */
};

/* What a processor is told in a loop that waits. */
#if defined __x86_64__ || defined __i386__
static void relax(void) { __builtin_ia32_pause(); }
#elif defined __aarch64__
static void relax(void) { __asm__ __volatile__("yield"); }
#else
static void relax(void) {}
#endif

static int64_t nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Spins until ready(team, seen), or for so long. */
static void spin(gli_team *team, bool (*ready)(gli_team *team, unsigned seen), unsigned seen, int64_t duration) {
    const int64_t end = nanoseconds() + duration;
    do
        for (int i = 0; i < SPINS_PER_LOOK; ++i) {
            if (ready(team, seen)) return;
            relax();
        }
    while (nanoseconds() < end);
}

/* ---- workers ----------------------------------------------------------------------------------------------------- */

/* A job that the worker has not seen, or the end. */
static bool is_called(gli_team *team, unsigned seen) {
    const unsigned jobs = atomic_load(&team->jobs);
    return (jobs % 2 == 1 && jobs != seen) || atomic_load(&team->stop);
}

static void wait_for_call(gli_team *team, unsigned seen) {
    spin(team, is_called, seen, WORKER_SPIN_NS);
    if (is_called(team, seen)) return;
    pthread_mutex_lock(&team->mutex);
    atomic_fetch_add(&team->sleepers, 1);
    while (!is_called(team, seen)) pthread_cond_wait(&team->work, &team->mutex);
    atomic_fetch_sub(&team->sleepers, 1);
    pthread_mutex_unlock(&team->mutex);
}

/* A piece of the member's share, which has no more where that is not below its end. Only looks at a share that is used
 * up: all threads look, and writing would send its cache line around. */
static int64_t take_piece(member *m) {
    const int64_t next = atomic_load_explicit(&m->next, memory_order_relaxed);
    return next < m->end ? atomic_fetch_add_explicit(&m->next, 1, memory_order_relaxed) : next;
}

static void work(gli_team *team, int self) {
    const gli_job job = team->job;
    int lane          = -1;
    for (int k = 0; k < team->shares; ++k) {
        member *m = &team->member[(self + k) % team->shares];
        for (int64_t i; (i = take_piece(m)) < m->end;) {
            if (lane < 0) lane = atomic_fetch_add_explicit(&team->lanes, 1, memory_order_relaxed);
            job.body(job.arg, i, lane);
        }
    }
}

static void leave(gli_team *team) {
    if (atomic_fetch_sub(&team->inside, 1) > 1 || !atomic_load(&team->caller_sleeps)) return;
    pthread_mutex_lock(&team->mutex);
    pthread_cond_signal(&team->over);
    pthread_mutex_unlock(&team->mutex);
}

static void *worker(void *arg) {
    member *self   = arg;
    gli_team *team = self->team;
    gli_float_mode_enter(true);
    for (unsigned seen = 0;;) {
        wait_for_call(team, seen);
        if (atomic_load(&team->stop)) return NULL;
        seen = atomic_load(&team->jobs);
        atomic_fetch_add(&team->inside, 1);
        if (atomic_load(&team->jobs) % 2 == 1) work(team, (int)(self - team->member));
        leave(team);
    }
}

static void start_workers(gli_team *team) {
    team->started = true;
    team->process = getpid();
    while (team->workers < team->size - 1) {
        member *m = &team->member[1 + team->workers];
        m->team   = team;
        if (!gli_thread_start(&m->thread, STACK_BYTES, worker, m)) return;
        ++team->workers;
    }
}

/* ---- the caller -------------------------------------------------------------------------------------------------- */

size_t gli_team_bytes(int size) { return sizeof(gli_team) + (size_t)size * sizeof(member); }

void gli_team_init(gli_team *team, int size) {
    *team = (gli_team){.size = size};
    pthread_mutex_init(&team->mutex, NULL);
    pthread_cond_init(&team->work, NULL);
    pthread_cond_init(&team->over, NULL);
}

/* The workers are the parent's; their mutex may be locked for ever. */
static bool is_forked(const gli_team *team) { return team->started && team->process != getpid(); }

void gli_team_end(gli_team *team) {
    if (is_forked(team)) return;
    atomic_store(&team->stop, true);
    pthread_mutex_lock(&team->mutex);
    pthread_cond_broadcast(&team->work);
    pthread_mutex_unlock(&team->mutex);
    for (int i = 1; i <= team->workers; ++i) pthread_join(team->member[i].thread, NULL);
    pthread_cond_destroy(&team->over);
    pthread_cond_destroy(&team->work);
    pthread_mutex_destroy(&team->mutex);
}

static bool is_empty(gli_team *team, unsigned unused) {
    (void)unused;
    return atomic_load(&team->inside) == 0;
}

static void wait_for_workers(gli_team *team) {
    spin(team, is_empty, 0, CALLER_SPIN_NS);
    if (is_empty(team, 0)) return;
    pthread_mutex_lock(&team->mutex);
    atomic_store(&team->caller_sleeps, true);
    while (!is_empty(team, 0)) pthread_cond_wait(&team->over, &team->mutex);
    atomic_store(&team->caller_sleeps, false);
    pthread_mutex_unlock(&team->mutex);
}

/* As many sleepers as there are pieces for. */
static void wake(gli_team *team, int64_t pieces) {
    if (atomic_load(&team->sleepers) == 0) return;
    pthread_mutex_lock(&team->mutex);
    for (int64_t i = atomic_load(&team->sleepers); i > 0 && pieces > 1; --i, --pieces) pthread_cond_signal(&team->work);
    pthread_mutex_unlock(&team->mutex);
}

/* ---- jobs -------------------------------------------------------------------------------------------------------- */

static void run_alone(const gli_job *job) {
    for (int64_t i = 0; i < job->pieces; ++i) job->body(job->arg, i, 0);
}

static void share_out(gli_team *team, int64_t pieces) {
    int64_t begin = 0;
    team->shares  = (int)gli_min_i64(gli_team_threads(team), pieces);
    for (int i = 0; i < team->shares; ++i) {
        member *m = &team->member[i];
        m->end    = begin + (pieces - begin) / (team->shares - i);
        atomic_store_explicit(&m->next, begin, memory_order_relaxed);
        begin = m->end;
    }
}

static void run_together(gli_team *team, const gli_job *job) {
    if (is_forked(team)) gli_team_init(team, team->size);
    if (!team->started) start_workers(team);
    team->running = true;
    team->job     = *job;
    share_out(team, job->pieces);
    atomic_store_explicit(&team->lanes, 0, memory_order_relaxed);
    atomic_fetch_add(&team->jobs, 1);
    wake(team, job->pieces);
    work(team, 0);
    atomic_fetch_add(&team->jobs, 1);
    wait_for_workers(team);
    team->running = false;
}

/* The caller's mode is that of its workers, or the bits would depend on who takes a piece. */
void gli_team_run(gli_team *team, const gli_job *job) {
    const uint64_t before = gli_float_mode_enter(true);
    if (job->pieces <= 1 || team->size == 1 || team->running)
        run_alone(job);
    else
        run_together(team, job);
    gli_float_mode_leave(before);
}

int gli_team_threads(const gli_team *team) { return 1 + team->workers; }

int gli_team_default_size(void) {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return CPU_COUNT(&allowed);
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online < 1 ? 1 : online > INT16_MAX ? INT16_MAX : (int)online;
}
