/* Max pooling of 2 x 2 windows with stride 2, for inference. */
#ifndef GLI_CPU_NATIVE_POOL_MAX_POOL_PAIRS_H
#define GLI_CPU_NATIVE_POOL_MAX_POOL_PAIRS_H

#include <stdint.h>

/* y [rows,columns] = the largest of each window of x [.., x_columns], or NaN if it has one. y is written up to 15
 * elements beyond its end, and x read up to 30. y may not overlap x. */
void gli_max_pool_pairs(const float *x, int64_t x_columns, int64_t rows, int64_t columns, float *y);

#endif
