/* The time that logs, progress and benches read. */
#ifndef GLI_CORE_CLOCK_H
#define GLI_CORE_CLOCK_H

double gli_seconds(void); /* of a clock that never goes back; differences count */

#endif
