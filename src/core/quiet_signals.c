#define _POSIX_C_SOURCE 200809L
#include "core/quiet_signals.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

static const int raised[GLI_QUIET_SIGNALS] = {SIGPIPE, SIGXFSZ};

gli_quiet_signals gli_quiet_signals_begin(void) {
    gli_quiet_signals out;
    sigset_t set, before, pending;
    sigemptyset(&set);
    sigemptyset(&before);
    sigemptyset(&pending);
    for (int i = 0; i < GLI_QUIET_SIGNALS; ++i) sigaddset(&set, raised[i]);
    pthread_sigmask(SIG_BLOCK, &set, &before);
    sigpending(&pending);
    for (int i = 0; i < GLI_QUIET_SIGNALS; ++i) {
        out.blocked[i] = sigismember(&before, raised[i]) == 1;
        out.pending[i] = sigismember(&pending, raised[i]) == 1;
    }
    return out;
}

/* They go to the thread that writes, which takes back its own. */
void gli_quiet_signals_end(const gli_quiet_signals *quiet) {
    const struct timespec at_once = {0};
    sigset_t now, one, unblocked;
    sigemptyset(&now);
    sigemptyset(&unblocked);
    sigpending(&now);
    for (int i = 0; i < GLI_QUIET_SIGNALS; ++i) {
        if (!quiet->blocked[i]) sigaddset(&unblocked, raised[i]);
        if (sigismember(&now, raised[i]) != 1 || quiet->pending[i]) continue;
        sigemptyset(&one);
        sigaddset(&one, raised[i]);
        sigtimedwait(&one, NULL, &at_once); /* another thread may have had one that was sent to the process */
    }
    pthread_sigmask(SIG_UNBLOCK, &unblocked, NULL);
}
