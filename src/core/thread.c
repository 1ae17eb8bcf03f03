#define _GNU_SOURCE
#include "core/thread.h"

#include <errno.h>
#include <signal.h>

static int start(pthread_t *thread, size_t stack_bytes, void *(*run)(void *arg), void *arg) {
    pthread_attr_t attributes;
    if (stack_bytes == 0 || pthread_attr_init(&attributes) != 0) return pthread_create(thread, NULL, run, arg);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    int error = pthread_create(thread, &attributes, run, arg);
    pthread_attr_destroy(&attributes);
    if (error == EINVAL) error = pthread_create(thread, NULL, run, arg);
    return error;
}

/* A fault of the thread's own reaches it even where its signal is blocked, but then ends the process without the
 * handler that a program, or a tool that finds faults, has for it. */
static void allow_faults(sigset_t *blocked) {
    static const int fault[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof fault / sizeof *fault; ++i) sigdelset(blocked, fault[i]);
}

bool gli_thread_start(pthread_t *thread, size_t stack_bytes, void *(*run)(void *arg), void *arg) {
    sigset_t blocked, before;
    sigfillset(&blocked);
    allow_faults(&blocked);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    const int error = start(thread, stack_bytes, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0;
}
