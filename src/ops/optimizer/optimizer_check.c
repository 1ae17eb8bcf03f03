#include "ops/optimizer/optimizer_check.h"

#include <math.h>

static glia_status resolve_half(gli_resolution *r) {
    const int i              = gli_optimizer_half(r->op);
    const glia_tensor *param = r->in[GLI_OPTIMIZER_PARAM], *half = r->n_in > i ? r->in[i] : NULL;
    gli_set_shape(&r->out[r->op->n_outputs - 1], half ? half->dtype : GLIA_BF16, param->ndim, param->dim);
    if (!half) return GLIA_OK;
    GLI_REQUIRE(r->ctx, gli_dtype_is_half(half->dtype), GLIA_DTYPE_MISMATCH, "%s: half is %s, must be bf16 or f16",
                r->op->name, glia_dtype_name(half->dtype));
    return gli_check_shape(r, i, param->ndim, param->dim);
}

glia_status gli_check_optimizer(gli_resolution *r, int state, int n_out) {
    const glia_tensor *param = r->in[GLI_OPTIMIZER_PARAM];
    GLI_REQUIRE(r->ctx, param->dtype == GLIA_F32 || param->dtype == GLIA_F64, GLIA_DTYPE_MISMATCH,
                "%s: param is %s, must be f32 or f64; half is for weights in bf16 or f16", r->op->name,
                glia_dtype_name(param->dtype));
    GLI_TRY(gli_check_scalar(r, GLI_OPTIMIZER_RATE, GLIA_F32));
    const int skip = gli_optimizer_skip(r->op);
    if (r->n_in > skip && r->in[skip]) GLI_TRY(gli_check_scalar(r, skip, GLIA_I64));
    for (int i = GLI_OPTIMIZER_GRAD; i < r->n_in && i < skip; ++i) {
        if (!r->in[i] || (i > GLI_OPTIMIZER_GRAD && i < state)) continue;
        GLI_REQUIRE(r->ctx, r->in[i]->dtype == param->dtype, GLIA_DTYPE_MISMATCH, "%s: param is %s, %s is %s",
                    r->op->name, glia_dtype_name(param->dtype), r->op->inputs[i].name,
                    glia_dtype_name(r->in[i]->dtype));
        GLI_TRY(gli_check_shape(r, i, param->ndim, param->dim));
    }
    for (int i = 0; i < n_out; ++i) gli_set_shape(&r->out[i], param->dtype, param->ndim, param->dim);
    return resolve_half(r);
}

glia_status gli_check_penalties(const gli_resolution *r, double weight_decay, double l1) {
    GLI_TRY(gli_check_range(r, "weight_decay", weight_decay, 0, INFINITY));
    return gli_check_range(r, "l1", l1, 0, INFINITY);
}
