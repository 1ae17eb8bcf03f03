/* A float whose exponent has all its bits is infinite or NaN. */
#include "cpu/native/finite.h"

#include "core/parallel.h"
#include "cpu/native/flat.h"
#include "cpu/native/vectorize.h"

enum { EXPONENT = 0x7f800000 };

typedef struct job {
    const void *x;
    int failed; /* atomic */
} job;

GLI_CLONES static unsigned find_bad_exponents(const uint32_t *bits, int64_t begin, int64_t end) {
    unsigned any = 0;
    for (int64_t i = begin; i < end; ++i) any |= (bits[i] & EXPONENT) == EXPONENT;
    return any;
}

static void check(void *arg, int64_t begin, int64_t end) {
    job *j = arg;
    if (find_bad_exponents(j->x, begin, end)) __atomic_store_n(&j->failed, 1, __ATOMIC_RELAXED);
}

bool gli_all_finite(const glia_context *ctx, const float *x, int64_t count) {
    job j = {.x = x};
    gli_parallel(ctx, count, GLI_FLAT_GRAIN, check, &j);
    return !j.failed;
}
