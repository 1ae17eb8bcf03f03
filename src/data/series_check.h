/* Checks of a time series. */
#ifndef GLI_DATA_SERIES_CHECK_H
#define GLI_DATA_SERIES_CHECK_H

#include "core/context_impl.h"
#include "glia/series.h"

/* Fails unless the arguments are valid and the values finite, or NaN where allow_nan is set. function: the caller's
 * name, for messages. */
glia_status gli_series_check(glia_context *ctx, const char *function, const glia_series *series);

#endif
