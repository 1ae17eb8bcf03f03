/* Calls whose tensors can be treated as flat arrays of float: elementwise work at the speed of memory. */
#ifndef GLI_CPU_NATIVE_FLAT_H
#define GLI_CPU_NATIVE_FLAT_H

#include "core/provider.h"

enum { GLI_FLAT_GRAIN = 1 << 14 }; /* elements that one thread does at a time */

/* NULL if every tensor with more than one element is f32, packed, and all have the strides of input 0; otherwise the
 * reason against it. */
const char *gli_flat_decline(const gli_call *call);

/* Element 0 of an f32 tensor, or NULL for an absent one. */
float *gli_flat_in(const gli_call *call, int i);
float *gli_flat_out(const gli_call *call, int i);

#endif
