#define _POSIX_C_SOURCE 200809L
#include "core/print.h"

#include <locale.h>
#include <pthread.h>
#include <signal.h>

int gli_format_list(char *text, size_t size, const char *format, va_list args) {
    const locale_t c      = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    const locale_t before = uselocale(c); /* (locale_t)0, when there was no memory, changes nothing */
    const int length      = vsnprintf(text, size, format, args);
    uselocale(before);
    if (c) freelocale(c);
    return length;
}

int gli_format(char *text, size_t size, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const int length = gli_format_list(text, size, format, args);
    va_end(args);
    return length;
}

static bool is_pending(int signal) {
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, signal) == 1;
}

/* SIGPIPE goes to the thread that writes, which blocks it meanwhile, and takes back its own. */
bool gli_print(FILE *file, const char *text) {
    sigset_t pipe, before;
    int taken;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    const bool blocked     = pthread_sigmask(SIG_BLOCK, &pipe, &before) == 0;
    const bool was_pending = is_pending(SIGPIPE);
    const bool written     = fputs(text, file) >= 0 && fflush(file) == 0;
    if (!blocked) return written;
    if (!was_pending && is_pending(SIGPIPE)) sigwait(&pipe, &taken);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return written;
}
