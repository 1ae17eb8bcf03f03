/* Counters of steps, as ops take them. */
#ifndef GLI_OPS_DATA_COUNTERS_H
#define GLI_OPS_DATA_COUNTERS_H

#include "core/op.h"

/* Input i is i64 [count], count at most GLIA_MAX_COUNTERS. */
glia_status gli_check_counters(const gli_resolution *r, int i, int *count);

#endif
