#include <stdio.h>

#include "core/context_impl.h"
#include "core/dtype.h"
#include "core/size.h"
#include "core/tensor_impl.h"

const char *gli_shape_text(int ndim, const int64_t *dim, char *text) {
    size_t used  = 0;
    text[used++] = '[';
    for (int i = 0; i < ndim && i < GLIA_MAX_DIMS; ++i)
        used += (size_t)snprintf(text + used, GLI_SHAPE_TEXT - used, i ? ",%lld" : "%lld", (long long)dim[i]);
    text[used++] = ']';
    text[used]   = '\0';
    return text;
}

glia_status gli_shape_check(glia_context *ctx, const char *what, glia_dtype dtype, glia_shape shape) {
    GLI_REQUIRE(ctx, gli_dtype_valid(dtype), GLIA_INVALID_ARGUMENT, "%s: invalid dtype %d", what, (int)dtype);
    GLI_REQUIRE(ctx, shape.ndim >= 0 && shape.ndim <= GLIA_MAX_DIMS, GLIA_INVALID_ARGUMENT,
                "%s: %d dimensions, must be 0 to %d", what, shape.ndim, GLIA_MAX_DIMS);
    size_t bytes = glia_dtype_size(dtype);
    bool fits    = true;
    for (int i = 0; i < shape.ndim; ++i) {
        GLI_REQUIRE(ctx, shape.dim[i] >= 0, GLIA_INVALID_ARGUMENT, "%s: dimension %d is %lld, must not be negative",
                    what, i, (long long)shape.dim[i]);
        /* Strides are products of the other dimensions of an empty tensor, too. */
        fits = fits && gli_mul_size(bytes, (size_t)gli_max_i64(shape.dim[i], 1), &bytes);
    }
    GLI_REQUIRE(ctx, fits && bytes <= PTRDIFF_MAX, GLIA_INVALID_ARGUMENT, "%s: shape %s has more bytes than memory can",
                what, gli_shape_text(shape.ndim, shape.dim, (char[GLI_SHAPE_TEXT]){0}));
    return GLIA_OK;
}

void gli_dense_strides(int ndim, const int64_t *dim, int64_t *stride) {
    int64_t step = 1;
    for (int i = ndim - 1; i >= 0; --i) {
        stride[i] = step;
        step      = gli_saturating_mul(step, gli_max_i64(dim[i], 1));
    }
}

void gli_channels_last_strides(int ndim, const int64_t *dim, int64_t *stride) {
    int64_t step = gli_max_i64(dim[1], 1);
    stride[1]    = 1;
    for (int i = ndim - 1; i >= 2; --i) {
        stride[i] = step;
        step      = gli_saturating_mul(step, gli_max_i64(dim[i], 1));
    }
    stride[0] = step;
}

void gli_set_shape(glia_tensor *tensor, glia_dtype dtype, int ndim, const int64_t *dim) {
    tensor->dtype = dtype;
    tensor->ndim  = ndim;
    for (int i = 0; i < ndim; ++i) tensor->dim[i] = dim[i];
    gli_dense_strides(ndim, tensor->dim, tensor->stride);
}

int64_t gli_count(const glia_tensor *tensor) {
    int64_t count = 1;
    for (int i = 0; i < tensor->ndim; ++i) count = gli_saturating_mul(count, tensor->dim[i]);
    return count;
}

int64_t gli_extent(const glia_tensor *tensor) {
    int64_t last = 0;
    for (int i = 0; i < tensor->ndim; ++i) {
        if (tensor->dim[i] == 0) return 0;
        last += (tensor->dim[i] - 1) * tensor->stride[i];
    }
    return last + 1;
}

bool gli_is_dense(const glia_tensor *tensor) {
    int64_t step = 1;
    if (gli_count(tensor) == 0) return true;
    for (int i = tensor->ndim - 1; i >= 0; --i) {
        if (tensor->dim[i] != 1 && tensor->stride[i] != step) return false;
        step *= tensor->dim[i];
    }
    return true;
}

bool gli_same_shape(const glia_tensor *a, const glia_tensor *b) {
    if (a->ndim != b->ndim) return false;
    for (int i = 0; i < a->ndim; ++i)
        if (a->dim[i] != b->dim[i]) return false;
    return true;
}

bool gli_same_strides(const glia_tensor *a, const glia_tensor *b) {
    if (a->ndim != b->ndim) return false;
    for (int i = 0; i < a->ndim; ++i)
        if (a->dim[i] > 1 && a->stride[i] != b->stride[i]) return false;
    return true;
}

bool gli_is_packed(const glia_tensor *tensor) {
    /* Packed means: with the dimensions above 1 ordered by stride, each stride is the product of the sizes below it. */
    int64_t step             = 1;
    bool used[GLIA_MAX_DIMS] = {0};
    if (gli_count(tensor) == 0) return true;
    for (int found = 0; found < tensor->ndim; ++found) {
        int next = -1;
        for (int i = 0; i < tensor->ndim; ++i)
            if (!used[i] && tensor->dim[i] > 1 && (next < 0 || tensor->stride[i] < tensor->stride[next])) next = i;
        if (next < 0) return true;
        if (tensor->stride[next] != step) return false;
        step *= tensor->dim[next];
        used[next] = true;
    }
    return true;
}

bool gli_ranges_overlap(const void *a, size_t a_bytes, const void *b, size_t b_bytes) {
    const uintptr_t a0 = (uintptr_t)a, b0 = (uintptr_t)b;
    return a0 < b0 + b_bytes && b0 < a0 + a_bytes;
}

bool gli_repeats(const glia_tensor *tensor) {
    int64_t reach            = 0; /* from an element to the farthest in the dimensions so far */
    bool used[GLIA_MAX_DIMS] = {0};
    for (;;) {
        int next = -1;
        for (int i = 0; i < tensor->ndim; ++i)
            if (!used[i] && tensor->dim[i] > 1 && (next < 0 || tensor->stride[i] < tensor->stride[next])) next = i;
        if (next < 0) return false;
        if (tensor->stride[next] <= reach) return true;
        reach += (tensor->dim[next] - 1) * tensor->stride[next];
        used[next] = true;
    }
}

bool gli_overlap(const glia_tensor *a, const glia_tensor *b) {
    return gli_ranges_overlap(a->data, (size_t)gli_extent(a) * glia_dtype_size(a->dtype), b->data,
                              (size_t)gli_extent(b) * glia_dtype_size(b->dtype));
}

bool gli_same_elements(const glia_tensor *a, const glia_tensor *b) {
    return a->data == b->data && a->dtype == b->dtype && gli_same_shape(a, b) && gli_same_strides(a, b);
}
