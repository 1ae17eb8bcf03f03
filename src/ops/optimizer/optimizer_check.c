#include "ops/optimizer/optimizer_check.h"

#include <math.h>

glia_status glia_check_optimizer(glia_resolution *r, int state, int n_out) {
    const glia_tensor *param = r->in[OPTIMIZER_PARAM];
    GLIA_REQUIRE(r->ctx, glia_dtype_is_float(param->dtype), GLIA_DTYPE_MISMATCH, "%s: param is %s, must be a float",
                 r->op->name, glia_dtype_name(param->dtype));
    GLIA_TRY(glia_check_scalar(r, OPTIMIZER_RATE, GLIA_F32));
    for (int i = OPTIMIZER_GRAD; i < r->n_in; ++i) {
        if (!r->in[i] || (i > OPTIMIZER_GRAD && i < state)) continue;
        GLIA_REQUIRE(r->ctx, r->in[i]->dtype == param->dtype, GLIA_DTYPE_MISMATCH, "%s: param is %s, %s is %s",
                     r->op->name, glia_dtype_name(param->dtype), r->op->in_names[i], glia_dtype_name(r->in[i]->dtype));
        GLIA_TRY(glia_check_shape(r, i, param->ndim, param->dim));
    }
    for (int i = 0; i < n_out; ++i) glia_set_shape(&r->out[i], param->dtype, param->ndim, param->dim);
    return GLIA_OK;
}

glia_status glia_check_range(const glia_resolution *r, const char *name, double value, double low, double high) {
    GLIA_REQUIRE(r->ctx, value >= low && value < high, GLIA_INVALID_ARGUMENT, "%s: %s is %g, must be %g to below %g",
                 r->op->name, name, value, low, high);
    return GLIA_OK;
}

glia_status glia_check_penalties(const glia_resolution *r, double l1, double l2) {
    GLIA_TRY(glia_check_range(r, "l1", l1, 0, INFINITY));
    return glia_check_range(r, "l2", l2, 0, INFINITY);
}
