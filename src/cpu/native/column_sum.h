/* The gradient of a bias: sums over the rows of a matrix, one for each column. */
#ifndef GLI_CPU_NATIVE_COLUMN_SUM_H
#define GLI_CPU_NATIVE_COLUMN_SUM_H

#include <stddef.h>
#include <stdint.h>

#include "glia/context.h"

typedef struct gli_column_matrix {
    const float *data;
    int64_t rows, columns;
    int64_t row_stride, column_stride;
} gli_column_matrix;

size_t gli_column_sum_workspace(int64_t rows, int64_t columns);

/* y[c stride] = the sum of column c. The order of summation follows from rows and columns alone: the bits do not depend
 * on the number of threads. Fast where column_stride is 1. */
void gli_column_sum(const glia_context *ctx, const gli_column_matrix *x, float *y, int64_t stride, void *workspace);

/* The same, divided before it is a float. */
void gli_column_mean(const glia_context *ctx, const gli_column_matrix *x, double divisor, float *y, int64_t stride,
                     void *workspace);

#endif
