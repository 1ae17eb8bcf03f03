/* Elements of each data type, and their conversions to and from double. */
#ifndef GLI_CORE_DTYPE_H
#define GLI_CORE_DTYPE_H

#include "glia/tensor.h"

extern const char *const gli_dtype_names[GLIA_DTYPE_COUNT];

bool gli_dtype_valid(glia_dtype dtype);
bool gli_dtype_is_float(glia_dtype dtype);

/* Half the distance from 1 to the next value: the largest relative error of one rounding. 0 for integers. */
double gli_dtype_epsilon(glia_dtype dtype);

bool gli_dtype_is_half(glia_dtype dtype); /* bf16 or f16 */

/* f32 for bf16 and f16, and any other dtype itself: of what would lose too much in a half. */
glia_dtype gli_dtype_wide(glia_dtype dtype);

/* Reads and writes element i of an array. store rounds floats to nearest even; integers are truncated and clamped to
 * their range, NaN becomes 0. */
double gli_load(glia_dtype dtype, const void *data, int64_t i);
void gli_store(glia_dtype dtype, void *data, int64_t i, double value);

/* Whether a number stored in this type is finite: 1e39 is not in f32. */
bool gli_finite_in(glia_dtype dtype, double value);

/* The first of the largest of `count` elements, each `stride` behind the one before; NaN counts as larger than any
 * number. */
int64_t gli_largest(glia_dtype dtype, const void *data, int64_t count, int64_t stride);

#endif
