/* Which calls tensor cores take. */
#ifndef GLI_CUDA_OPS_TENSOR_CORES_H
#define GLI_CUDA_OPS_TENSOR_CORES_H

#include "core/provider.h"

/* NULL: those whose floats are all bf16 or f16, and of f32 those of a context that allows a shorter mantissa; for a
 * product [rows, columns] that is worth their tiles. */
const char *gli_cuda_decline_tensor_cores(const gli_call *call, int rows, int columns);

/* The same of one product of a call, whose elements are of that dtype. */
const char *gli_cuda_decline_tensor_product(const gli_call *call, glia_dtype dtype, int rows, int columns);

#endif
