/* Threads of the library's own. */
#ifndef GLI_CORE_THREAD_H
#define GLI_CORE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* Starts a thread that gets no signals but those of its own faults: others are for the program's own threads.
 * stack_bytes: of its stack, which is of the usual size with 0, and where the program's thread-local variables, which
 * lie there too, leave no room. Whether it was started. */
bool gli_thread_start(pthread_t *thread, size_t stack_bytes, void *(*run)(void *arg), void *arg);

#endif
