/* Signals that writing to a file or a pipe raises, and that would end the process. */
#ifndef GLI_CORE_QUIET_SIGNALS_H
#define GLI_CORE_QUIET_SIGNALS_H

#include <stdbool.h>

enum { GLI_QUIET_SIGNALS = 2 };

/* Of each of them: whether this thread had blocked it before, and whether one was waiting. */
typedef struct gli_quiet_signals {
    bool blocked[GLI_QUIET_SIGNALS], pending[GLI_QUIET_SIGNALS];
} gli_quiet_signals;

/* Between the two, a pipe that nobody reads (SIGPIPE) and a file that may not grow (SIGXFSZ) are errors of the call
 * that writes, and no more. */
gli_quiet_signals gli_quiet_signals_begin(void);
void gli_quiet_signals_end(const gli_quiet_signals *quiet);

#endif
