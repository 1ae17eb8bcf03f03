/* Which calls tensor cores take. */
#ifndef GLI_CUDA_OPS_TENSOR_CORES_H
#define GLI_CUDA_OPS_TENSOR_CORES_H

#include "core/provider.h"

/* bf16 and f16, not mixed, and f32 in a context that allows reduced precision. */
#define GLI_ACCEPTS_TENSOR_CORES \
    {GLI_TAKES_F32 | GLI_TAKES_HALVES, GLI_ANY_FORMAT, .flags = GLI_ONE_DTYPE | GLI_F32_REDUCED}

/* NULL: a product [rows, columns] that is worth the tiles of this GPU's tensor cores. */
const char *gli_cuda_decline_tensor_cores(const gli_call *call, int rows, int columns);

/* The same of one product inside a call, whose elements are of that dtype; checks what the above leaves to `accepts`.
 */
const char *gli_cuda_decline_tensor_product(const gli_call *call, glia_dtype dtype, int rows, int columns);

#endif
