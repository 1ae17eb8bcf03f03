#include "ops/elementwise/broadcast_shape.h"

#include "ops/check.h"

/* Size of the axis of x that is aligned with axis i of y; 1 where it has none. */
static int64_t size_of(const glia_tensor *x, int ndim, int i) {
    const int axis = i - (ndim - x->ndim);
    return axis < 0 ? 1 : x->dim[axis];
}

/* Of axis i of y. An input of another size than 1 decides, and the others must agree with it. */
static glia_status size_axis(const gli_resolution *r, int n, int i, gli_broadcast *out) {
    int decides = 0;
    for (int k = 1; k < n; ++k) {
        const int64_t size = size_of(r->in[decides], out->ndim, i), other = size_of(r->in[k], out->ndim, i);
        GLI_REQUIRE(r->ctx, size == other || size == 1 || other == 1, GLIA_SHAPE_MISMATCH,
                    "%s: %s is %s, %s is %s: the sizes %lld and %lld of an axis do not fit", r->op->name,
                    r->op->inputs[decides].name, GLI_SHAPE_OF(r->in[decides]), r->op->inputs[k].name,
                    GLI_SHAPE_OF(r->in[k]), (long long)size, (long long)other);
        if (size == 1) decides = k;
    }
    out->dim[i] = size_of(r->in[decides], out->ndim, i);
    GLI_REQUIRE(r->ctx, out->dim[i] <= INT32_MAX, GLIA_UNSUPPORTED, "%s: an axis has %lld elements", r->op->name,
                (long long)out->dim[i]);
    for (int k = 0; k < n; ++k)
        if (size_of(r->in[k], out->ndim, i) != out->dim[i]) out->repeated[k] |= 1u << i;
    return GLIA_OK;
}

glia_status gli_check_broadcast(const gli_resolution *r, int n, gli_broadcast *out) {
    glia_tensor y = {0};
    *out          = (gli_broadcast){0};
    for (int k = 0; k < n; ++k)
        if (r->in[k]->ndim > out->ndim) out->ndim = r->in[k]->ndim;
    for (int i = 0; i < out->ndim; ++i) GLI_TRY(size_axis(r, n, i, out));
    gli_set_shape(&y, r->in[0]->dtype, out->ndim, out->dim);
    GLI_TRY(gli_check_count(r, &y, "y"));
    out->count = (int)gli_count(&y);
    return GLIA_OK;
}
