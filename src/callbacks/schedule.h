#ifndef GLI_CALLBACKS_SCHEDULE_H
#define GLI_CALLBACKS_SCHEDULE_H

#include "glia/callbacks.h"

/* What is wrong with a schedule; NULL: nothing. */
const char *gli_schedule_mistake(const glia_schedule *schedule);

#endif
