#include "ops/check.h"

glia_status glia_check_floats(const glia_resolution *r) {
    for (int i = 0; i < r->n_in; ++i) {
        if (!r->in[i]) continue;
        GLIA_REQUIRE(r->ctx, glia_dtype_is_float(r->in[i]->dtype), GLIA_DTYPE_MISMATCH, "%s: %s is %s, must be a float",
                     r->op->name, r->op->in_names[i], glia_dtype_name(r->in[i]->dtype));
        GLIA_REQUIRE(r->ctx, r->in[i]->dtype == r->in[0]->dtype, GLIA_DTYPE_MISMATCH, "%s: %s is %s, %s is %s",
                     r->op->name, r->op->in_names[0], glia_dtype_name(r->in[0]->dtype), r->op->in_names[i],
                     glia_dtype_name(r->in[i]->dtype));
    }
    return GLIA_OK;
}

glia_status glia_check_ndim(const glia_resolution *r, int i, int ndim) {
    GLIA_REQUIRE(r->ctx, r->in[i]->ndim == ndim, GLIA_SHAPE_MISMATCH, "%s: %s is %s, must have %d dimensions",
                 r->op->name, r->op->in_names[i], GLIA_SHAPE_OF(r->in[i]), ndim);
    return GLIA_OK;
}

glia_status glia_check_shape(const glia_resolution *r, int i, int ndim, const int64_t *dim) {
    glia_tensor want = {0};
    glia_set_shape(&want, GLIA_F32, ndim, dim);
    GLIA_REQUIRE(r->ctx, glia_same_shape(r->in[i], &want), GLIA_SHAPE_MISMATCH, "%s: %s is %s, must be %s", r->op->name,
                 r->op->in_names[i], GLIA_SHAPE_OF(r->in[i]), GLIA_SHAPE_OF(&want));
    return GLIA_OK;
}

glia_status glia_check_fused(const glia_resolution *r, glia_unary_kind kind) {
    GLIA_REQUIRE(r->ctx, kind == GLIA_LINEAR || kind == GLIA_SIGMOID || kind == GLIA_TANH || kind == GLIA_RELU,
                 GLIA_INVALID_ARGUMENT, "%s: activation %s cannot be fused, only linear, sigmoid, tanh and relu",
                 r->op->name, glia_unary_name(kind));
    return GLIA_OK;
}

bool glia_exact_activation(glia_unary_kind kind) { return kind == GLIA_LINEAR || kind == GLIA_RELU; }
