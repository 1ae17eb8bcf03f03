/* bf16 and f16 to f32 and back, as glia_cast does it: to the nearest, ties to even. Denormals of f16 come out right in
 * the floating-point mode of providers, which flushes those of f32. */
#ifndef GLI_CPU_NATIVE_HALVES_H
#define GLI_CPU_NATIVE_HALVES_H

#include "core/dtype.h"

/* Elements begin .. end - 1. dtype: of `half`. */
void gli_widen(glia_dtype dtype, const uint16_t *half, float *wide, int64_t begin, int64_t end);
void gli_narrow(glia_dtype dtype, const float *wide, uint16_t *half, int64_t begin, int64_t end);

#endif
