#include "ops/data/counters.h"

#include "glia/ops/data.h"
#include "ops/check.h"

glia_status gli_check_counters(const gli_resolution *r, int i, int *count) {
    const glia_tensor *x = r->in[i];
    GLI_REQUIRE(r->ctx, x->dtype == GLIA_I64, GLIA_DTYPE_MISMATCH, "%s: %s is %s, must be i64", r->op->name,
                r->op->inputs[i].name, glia_dtype_name(x->dtype));
    GLI_REQUIRE(r->ctx, x->ndim == 1 && x->dim[0] <= GLIA_MAX_COUNTERS, GLIA_SHAPE_MISMATCH,
                "%s: %s is %s, must be [n] with n at most %d", r->op->name, r->op->inputs[i].name, GLI_SHAPE_OF(x),
                GLIA_MAX_COUNTERS);
    *count = (int)x->dim[0];
    return GLIA_OK;
}
