/* The gradient of a bias: sums over the rows of a matrix, one for each column. */
#ifndef GLIA_CPU_COLUMN_SUM_H
#define GLIA_CPU_COLUMN_SUM_H

#include <stddef.h>
#include <stdint.h>

#include "glia/context.h"

size_t glia_column_sum_workspace(int64_t rows, int64_t columns);

/* y[c stride] = the sum over r of x[r columns + c]. The order of summation follows from rows and columns alone: the
 * bits do not depend on the number of threads. */
void glia_column_sum(const glia_context *ctx, const float *x, int64_t rows, int64_t columns, float *y, int64_t stride,
                     void *workspace);

#endif
