#ifndef GLI_CODES_CODES_H
#define GLI_CODES_CODES_H

#include "glia/codes.h"

/* Fails for NULL, sizes that no memory has, and values that are not finite. what: the argument, for messages. */
glia_status gli_vectors_check(glia_context *ctx, const char *function, const char *what, const glia_vectors *x);

/* The sum of squared differences. */
double gli_squared_distance(const float *x, const double *y, int64_t size);

/* How many rows a thread takes at a time, where a row costs `work` multiplications. */
int64_t gli_rows_at_a_time(int64_t work);

#endif
