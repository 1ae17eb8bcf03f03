/* Max pooling of 2 x 2 windows with stride 2, as inference makes it. */
#ifndef GLI_CPU_NATIVE_POOL_MAX_POOL_PAIRS_H
#define GLI_CPU_NATIVE_POOL_MAX_POOL_PAIRS_H

#include <stdint.h>

/* A plane of y, from one of x with so many columns. y is written up to 15 elements beyond its end, x read up to 30. NaN
 * wins. */
void gli_max_pool_pairs(const float *x, int64_t x_columns, int64_t rows, int64_t columns, float *y);

#endif
