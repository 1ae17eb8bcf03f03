/* Small transposes in registers. */
#ifndef GLI_CPU_NATIVE_LINEAR_TRANSPOSE_H
#define GLI_CPU_NATIVE_LINEAR_TRANSPOSE_H

#include <stdint.h>

/* to = from^T, of 4 x 4 elements. The rows are `stride` and `to_stride` elements apart; `to` may not overlap `from`. */
static inline void gli_transpose_4x4(const float *from, int64_t stride, float *to, int64_t to_stride) {
    typedef float vector __attribute__((vector_size(16), aligned(sizeof(float)), may_alias));
    vector row[4], pair[4];
    for (int i = 0; i < 4; ++i) row[i] = *(const vector *)(from + i * stride);
    for (int i = 0; i < 2; ++i) {
        pair[i]     = __builtin_shufflevector(row[2 * i], row[2 * i + 1], 0, 4, 1, 5);
        pair[i + 2] = __builtin_shufflevector(row[2 * i], row[2 * i + 1], 2, 6, 3, 7);
    }
    for (int i = 0; i < 2; ++i) {
        *(vector *)(to + 2 * i * to_stride)       = __builtin_shufflevector(pair[2 * i], pair[2 * i + 1], 0, 1, 4, 5);
        *(vector *)(to + (2 * i + 1) * to_stride) = __builtin_shufflevector(pair[2 * i], pair[2 * i + 1], 2, 3, 6, 7);
    }
}

#endif
