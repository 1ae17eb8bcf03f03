/* Calls whose tensors can be treated as flat arrays of float: elementwise work at the speed of memory. */
#ifndef GLIA_CPU_NATIVE_FLAT_H
#define GLIA_CPU_NATIVE_FLAT_H

#include "core/provider.h"

enum { FLAT_GRAIN = 1 << 14 }; /* elements that one thread does at a time */

/* NULL if every tensor with more than one element is f32, packed, and all have the strides of input 0; otherwise the
 * reason against it. */
const char *glia_flat_decline(const glia_call *call);

/* Element 0 of an f32 tensor, or NULL for an absent one. */
float *glia_flat_in(const glia_call *call, int i);
float *glia_flat_out(const glia_call *call, int i);

#endif
