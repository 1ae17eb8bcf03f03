/* A float whose exponent has all its bits is infinite or NaN. */
#include "cpu/native/finite.h"

#include "cpu/native/loops.h"
#include "cpu/native/vector_math.h"

/* arg: where 1 goes, atomically, if the row has one. */
GLI_CLONES static void find_not_finite(const void *arg, int64_t count, float *const *data, const int64_t *stride) {
    const uint32_t exponent = 0x7f800000;
    const float *x          = data[0];
    unsigned any            = 0;
    if (stride[0] == 1)
        for (int64_t i = 0; i < count; ++i) any |= (gli_bits_of(x[i]) & exponent) == exponent;
    else
        for (int64_t i = 0; i < count; ++i) any |= (gli_bits_of(x[i * stride[0]]) & exponent) == exponent;
    if (any) __atomic_store_n(*(int *const *)arg, 1, __ATOMIC_RELAXED);
}

static bool is_finite(const glia_context *ctx, const gli_loops *loops) {
    int found        = 0;
    int *const where = &found;
    gli_loops_run(ctx, loops, find_not_finite, &where);
    return !found;
}

bool gli_all_finite(const glia_context *ctx, const float *x, int64_t count) {
    const gli_loops loops = {
        .tensors = 1, .ndim = 1, .count = count, .dim = {count}, .stride = {{1}}, .data = {(float *)x}};
    return is_finite(ctx, &loops);
}

bool gli_tensor_finite(const glia_context *ctx, const glia_tensor *x) {
    gli_loops loops;
    gli_loops_init(&loops, 1, &x);
    return is_finite(ctx, &loops);
}
