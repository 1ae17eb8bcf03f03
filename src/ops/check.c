#include "ops/check.h"

#include <float.h>
#include <math.h>

#include "core/size.h"
#include "ops/elementwise/activation.h"

glia_status gli_check_floats(const gli_resolution *r) {
    int first = -1;
    for (int i = 0; i < r->n_in; ++i) {
        const unsigned flags = r->op->inputs[i].flags;
        if (!r->in[i] || flags & (GLI_IN_INDEX | GLI_IN_HALF | GLI_IN_SAVED)) continue;
        if (first < 0) first = i;
        const glia_dtype is = r->in[i]->dtype, data = r->in[first]->dtype;
        const glia_dtype must = flags & GLI_IN_WIDE ? gli_dtype_wide(data) : data;
        GLI_REQUIRE(r->ctx, gli_dtype_is_float(is), GLIA_DTYPE_MISMATCH, "%s: %s is %s, must be a float", r->op->name,
                    r->op->inputs[i].name, glia_dtype_name(is));
        GLI_REQUIRE(r->ctx, is == must, GLIA_DTYPE_MISMATCH, "%s: %s is %s, %s is %s, must be %s", r->op->name,
                    r->op->inputs[first].name, glia_dtype_name(data), r->op->inputs[i].name, glia_dtype_name(is),
                    glia_dtype_name(must));
    }
    return GLIA_OK;
}

glia_status gli_check_axes(const gli_resolution *r, unsigned axes, int ndim, unsigned *out) {
    *out = axes == GLIA_ALL_AXES ? (1u << ndim) - 1 : 0;
    for (int bit = 0; bit < 32 && axes != GLIA_ALL_AXES; ++bit) {
        int axis = 0;
        if (!(axes >> bit & 1)) continue;
        GLI_TRY(gli_check_axis(r, gli_axis_of_bit(bit), ndim, &axis));
        *out |= 1u << axis;
    }
    return GLIA_OK;
}

static void multiply(int *product, int64_t size) {
    const int64_t exact = *product * gli_min_i64(size, INT32_MAX);
    *product            = (int)gli_min_i64(exact, INT32_MAX);
}

void gli_split_at(const glia_tensor *tensor, int axis, int *outer, int *length, int *inner) {
    *outer = *length = *inner = 1;
    for (int i = 0; i < tensor->ndim; ++i) multiply(i < axis ? outer : i == axis ? length : inner, tensor->dim[i]);
}

glia_status gli_check_count(const gli_resolution *r, const glia_tensor *shape, const char *name) {
    double count = 1;
    for (int i = 0; i < shape->ndim; ++i) count *= (double)shape->dim[i];
    GLI_REQUIRE(r->ctx, count <= INT32_MAX, GLIA_UNSUPPORTED, "%s: %s would be %s, more than 2^31-1 elements",
                r->op->name, name, GLI_SHAPE_OF(shape));
    return GLIA_OK;
}

glia_status gli_check_ndim(const gli_resolution *r, int i, int ndim) {
    GLI_REQUIRE(r->ctx, r->in[i]->ndim == ndim, GLIA_SHAPE_MISMATCH, "%s: %s is %s, must have %d dimensions",
                r->op->name, r->op->inputs[i].name, GLI_SHAPE_OF(r->in[i]), ndim);
    return GLIA_OK;
}

glia_status gli_check_shape(const gli_resolution *r, int i, int ndim, const int64_t *dim) {
    glia_tensor expected = {0};
    gli_set_shape(&expected, GLIA_F32, ndim, dim);
    GLI_REQUIRE(r->ctx, gli_same_shape(r->in[i], &expected), GLIA_SHAPE_MISMATCH, "%s: %s is %s, must be %s",
                r->op->name, r->op->inputs[i].name, GLI_SHAPE_OF(r->in[i]), GLI_SHAPE_OF(&expected));
    return GLIA_OK;
}

glia_status gli_check_fused(const gli_resolution *r, glia_activation activation, glia_unary_kind *out) {
    glia_activation same;
    GLI_REQUIRE(r->ctx, gli_activation_kind(activation, out) && gli_fused_activation(*out, &same),
                GLIA_INVALID_ARGUMENT, "%s: activation %s cannot be fused, only linear, sigmoid, tanh and relu",
                r->op->name, glia_activation_name(activation));
    return GLIA_OK;
}

bool gli_exact_activation(glia_unary_kind kind) { return kind == GLIA_UNARY_LINEAR || kind == GLIA_UNARY_RELU; }

glia_status gli_check_axis(const gli_resolution *r, int axis, int ndim, int *out) {
    GLI_REQUIRE(r->ctx, axis >= -ndim && axis < ndim, GLIA_INVALID_ARGUMENT,
                "%s: axis %d of a tensor with %d dimensions", r->op->name, axis, ndim);
    *out = axis < 0 ? axis + ndim : axis;
    return GLIA_OK;
}

glia_status gli_check_finite(const gli_resolution *r, const char *name, double value, glia_dtype dtype) {
    const bool is_double = dtype == GLIA_F64;
    GLI_REQUIRE(r->ctx, fabs(value) <= (is_double ? DBL_MAX : FLT_MAX), GLIA_INVALID_ARGUMENT,
                "%s: %s is %g, must be finite in %s", r->op->name, name, value, is_double ? "f64" : "f32");
    return GLIA_OK;
}

glia_status gli_check_range(const gli_resolution *r, const char *name, double value, double low, double high) {
    GLI_REQUIRE(r->ctx, value >= low && value < high, GLIA_INVALID_ARGUMENT, "%s: %s is %g, must be %g to below %g",
                r->op->name, name, value, low, high);
    return gli_check_finite(r, name, value, r->in[0]->dtype);
}

glia_status gli_check_epsilon(const gli_resolution *r, double epsilon) {
    const glia_dtype dtype = r->in[0]->dtype;
    GLI_TRY(gli_check_range(r, "epsilon", epsilon, 0, INFINITY));
    GLI_REQUIRE(r->ctx, epsilon == 0 || dtype == GLIA_F64 || (epsilon >= FLT_MIN && epsilon <= FLT_MAX),
                GLIA_INVALID_ARGUMENT, "%s: epsilon is %g, must be 0 or %g to %g for %s", r->op->name, epsilon, FLT_MIN,
                FLT_MAX, glia_dtype_name(dtype));
    return GLIA_OK;
}

glia_status gli_check_index_dtype(const gli_resolution *r, int i) {
    const glia_dtype dtype = r->in[i]->dtype;
    GLI_REQUIRE(r->ctx, dtype == GLIA_I32 || dtype == GLIA_I64, GLIA_DTYPE_MISMATCH, "%s: %s is %s, must be i32 or i64",
                r->op->name, r->op->inputs[i].name, glia_dtype_name(dtype));
    return GLIA_OK;
}

glia_status gli_check_scalar(const gli_resolution *r, int i, glia_dtype dtype) {
    GLI_REQUIRE(r->ctx, r->in[i]->dtype == dtype, GLIA_DTYPE_MISMATCH, "%s: %s is %s, must be %s", r->op->name,
                r->op->inputs[i].name, glia_dtype_name(r->in[i]->dtype), glia_dtype_name(dtype));
    return gli_check_ndim(r, i, 0);
}
