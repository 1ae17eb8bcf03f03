/* Elements of each data type, and their way to double and back. */
#ifndef GLIA_CORE_DTYPE_H
#define GLIA_CORE_DTYPE_H

#include "glia/tensor.h"

bool glia_dtype_valid(glia_dtype dtype);
bool glia_dtype_is_float(glia_dtype dtype);

/* Half the distance from 1 to the next value: the largest relative error of one rounding. 0 for integers. */
double glia_dtype_epsilon(glia_dtype dtype);

/* Reads and writes element i of an array. store rounds floats to nearest even; integers are truncated and clamped to
 * their range, NaN becomes 0. */
double glia_load(glia_dtype dtype, const void *data, int64_t i);
void glia_store(glia_dtype dtype, void *data, int64_t i, double value);

#endif
