#define _POSIX_C_SOURCE 200809L
#include "core/quiet_signals.h"

#include <pthread.h>
#include <time.h>

static const int raised[] = {SIGPIPE, SIGXFSZ};
enum { RAISED = sizeof raised / sizeof *raised };

gli_quiet_signals gli_quiet_signals_begin(void) {
    gli_quiet_signals out;
    sigset_t set;
    sigemptyset(&set);
    sigemptyset(&out.pending);
    for (int i = 0; i < RAISED; ++i) sigaddset(&set, raised[i]);
    out.blocked = pthread_sigmask(SIG_BLOCK, &set, &out.before) == 0;
    sigpending(&out.pending);
    return out;
}

/* They go to the thread that writes, which takes back its own. */
void gli_quiet_signals_end(const gli_quiet_signals *quiet) {
    const struct timespec at_once = {0};
    sigset_t now, one;
    if (!quiet->blocked) return;
    for (int i = 0; i < RAISED; ++i) {
        if (sigpending(&now) != 0 || !sigismember(&now, raised[i]) || sigismember(&quiet->pending, raised[i])) continue;
        sigemptyset(&one);
        sigaddset(&one, raised[i]);
        sigtimedwait(&one, NULL, &at_once); /* another thread may have had one that was sent to the process */
    }
    pthread_sigmask(SIG_SETMASK, &quiet->before, NULL);
}
