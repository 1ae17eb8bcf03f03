/* A float whose exponent has all its bits is infinite or NaN. */
#include "core/parallel.h"
#include "core/provider.h"
#include "cpu/native/flat.h"
#include "cpu/native/vectorize.h"
#include "ops/optimizer/check_finite_geom.h"

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

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_check_finite_geom *g = call->geom;
    const int64_t step             = *(const int64_t *)call->in[GLI_CHECK_FINITE_STEP]->data;
    int64_t failed                 = *(const int64_t *)call->in[GLI_CHECK_FINITE_FAILED]->data;
    job x = {.x = gli_in_floats(call, GLI_CHECK_FINITE_X)}, y = {.x = gli_in_floats(call, GLI_CHECK_FINITE_Y)};
    if (failed == 0) {
        gli_parallel(call->ctx, g->x_count, GLI_FLAT_GRAIN, check, &x);
        gli_parallel(call->ctx, g->y_count, GLI_FLAT_GRAIN, check, &y);
        if (x.failed || y.failed) failed = step;
    }
    *(int64_t *)call->out[0]->data = failed;
    return GLIA_OK;
}

const gli_provider gli_check_finite_native = {.name = "cpu.native", .accepts = {GLI_TAKES_F32, GLI_PACKED}, .run = run};
