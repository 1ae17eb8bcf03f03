/* Calls whose tensors can be treated as flat arrays of float: elementwise work at the speed of memory. */
#ifndef GLI_CPU_NATIVE_FLAT_H
#define GLI_CPU_NATIVE_FLAT_H

#include "cpu/native/call_floats.h"

enum { GLI_FLAT_GRAIN = 1 << 12 }; /* elements of a chunk */

/* Every tensor is f32 and packed, and all but scalars have the strides of input 0. */
#define GLI_ACCEPTS_FLAT {GLI_TAKES_F32, GLI_PACKED, .flags = GLI_ONE_LAYOUT}

#endif
