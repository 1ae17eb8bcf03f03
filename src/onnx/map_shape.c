/* Shapes, and constants that are made of them. */
#include <string.h>

#include "core/dtype.h"
#include "core/size.h"
#include "glia/ops/movement.h"
#include "onnx/onnx_map.h"

enum {
    INT64 = ONNX__TENSOR_PROTO__DATA_TYPE__INT64,
    FLOAT = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT,
    BOOL  = ONNX__TENSOR_PROTO__DATA_TYPE__BOOL
};

void gli_onnx_map_identity(gli_onnx_node *node) { gli_onnx_give(node, 0, gli_onnx_in(node, 0)); }

/* ---- Constants ---- */

static gli_onnx_value *load(gli_onnx_node *node, const Onnx__TensorProto *from) {
    gli_onnx_value *value = gli_onnx_new(node, node->proto->n_output ? node->proto->output[0] : "");
    if (!value) return NULL;
    node->status = gli_onnx_load_constant(node->im, from, value);
    return gli_onnx_ok(node) ? value : NULL;
}

static gli_onnx_value *numbers(gli_onnx_node *node, int type, int ndim, size_t n, const float *floats,
                               const int64_t *ints) {
    gli_onnx_value *value = gli_onnx_constant(node, type, ndim, (int64_t[]){(int64_t)n});
    for (size_t i = 0; value && i < n; ++i) {
        if (ints)
            ((int64_t *)value->constant->data)[i] = ints[i];
        else
            gli_store(value->is.dtype, value->constant->data, (int64_t)i, (double)floats[i]);
    }
    return value;
}

/* The file's weights may be constants instead of initializers: a tensor of several floats is one. */
void gli_onnx_map_constant(gli_onnx_node *node) {
    static const char *const names[] = {"value", "value_float", "value_int", "value_floats", "value_ints"};
    GLI_ONNX_REQUIRE(node, node->proto->n_attribute == 1, GLIA_BAD_FORMAT, "it has %zu attributes, must have 1",
                     node->proto->n_attribute);
    const Onnx__AttributeProto *a = node->proto->attribute[0];
    int which                     = 0;
    while (which < 5 && strcmp(gli_onnx_text(a->name), names[which]) != 0) ++which;
    GLI_ONNX_REQUIRE(node, which < 5, GLIA_UNSUPPORTED, "a constant of '%.32s'", gli_onnx_text(a->name));
    GLI_ONNX_REQUIRE(node, which || a->t, GLIA_BAD_FORMAT, "its value is absent");
    gli_onnx_ignore(node, names[which]);
    switch (which) {
        case 0: gli_onnx_give(node, 0, load(node, a->t)); break;
        case 1: gli_onnx_give(node, 0, numbers(node, FLOAT, 0, 1, &a->f, NULL)); break;
        case 2: gli_onnx_give(node, 0, numbers(node, INT64, 0, 1, NULL, &a->i)); break;
        case 3: gli_onnx_give(node, 0, numbers(node, FLOAT, 1, a->n_floats, a->floats, NULL)); break;
        default: gli_onnx_give(node, 0, numbers(node, INT64, 1, a->n_ints, NULL, a->ints)); break;
    }
    if (node->out[0]) node->out[0]->weight = true;
}

static bool check_sizes(gli_onnx_node *node, int n, const int64_t *dim) {
    for (int i = 0; i < n; ++i)
        if (dim[i] < 0 || dim[i] > INT32_MAX)
            return gli_onnx_fail(node, GLIA_BAD_FORMAT, "a size of %lld", (long long)dim[i]), false;
    return gli_onnx_ok(node);
}

bool gli_onnx_both_sizes(int64_t size, int64_t *dim, int64_t *other) {
    const int64_t most = INT64_C(1) << 60; /* 2^20 batches, which leaves room for the sums below */
    *dim = *other = 0;
    if (size < -most || size > most) return false;
    const int64_t batches = (size + GLI_ONNX_BATCH / 2) >> 40, rest = size - batches * GLI_ONNX_BATCH;
    *dim   = batches * GLI_ONNX_ONE_BATCH + rest;
    *other = batches * GLI_ONNX_OTHER_BATCH + rest;
    return batches >= 0 && batches < 1 << 20 && rest >= -INT32_MAX && rest <= INT32_MAX;
}

/* As many numbers as the batch says: those that use it may know what is meant, such as states of 0. */
static void fill_by_batch(gli_onnx_node *node, int ndim, const int64_t *size, const gli_onnx_value *fill) {
    gli_onnx_value *y = gli_onnx_new(node, node->proto->output[0]);
    int64_t dim[GLIA_MAX_DIMS];
    if (!y) return;
    for (int i = 0; i < ndim; ++i)
        GLI_ONNX_REQUIRE(node, gli_onnx_both_sizes(size[i], &dim[i], &y->other[i]) && dim[i] >= 0 && y->other[i] >= 0,
                         GLIA_BAD_FORMAT, "a size of %lld", (long long)size[i]);
    const glia_dtype dtype = fill ? fill->is.dtype : node->im->model_dtype;
    gli_set_shape(&y->is, dtype, ndim, dim);
    if (!gli_onnx_check_result(node, y)) return;
    y->type   = fill ? fill->type : FLOAT;
    y->filled = true;
    y->fill   = fill ? gli_load(fill->is.dtype, fill->constant->data, 0) : 0;
    gli_onnx_give(node, 0, y);
}

static void fill_constant(gli_onnx_node *node, int ndim, const int64_t *dim, const gli_onnx_value *fill) {
    gli_onnx_value *y = gli_onnx_constant(node, fill ? fill->type : FLOAT, ndim, dim);
    if (!y) return;
    const size_t size = glia_dtype_size(y->is.dtype);
    for (int64_t i = 0, n = gli_count(&y->is); fill && i < n; ++i)
        memcpy((char *)y->constant->data + (size_t)i * size, fill->constant->data, size);
    y->weight = true;
    gli_onnx_give(node, 0, y);
}

void gli_onnx_map_constant_of_shape(gli_onnx_node *node) {
    const Onnx__TensorProto *value = gli_onnx_tensor_attribute(node, "value");
    int64_t dim[GLIA_MAX_DIMS];
    bool batch           = false;
    const int ndim       = gli_onnx_known_ints(node, 0, "the shape", GLIA_MAX_DIMS, dim);
    gli_onnx_value *fill = value ? load(node, value) : NULL;
    for (int i = 0; i < ndim; ++i) batch = batch || dim[i] >= GLI_ONNX_BATCH / 2;
    if (!gli_onnx_ok(node)) return;
    GLI_ONNX_REQUIRE(node, !fill || gli_count(&fill->is) == 1, GLIA_BAD_FORMAT, "its value is not one number");
    if (node->im->batched && batch)
        fill_by_batch(node, ndim, dim, fill);
    else if (check_sizes(node, ndim, dim))
        fill_constant(node, ndim, dim, fill);
}

void gli_onnx_map_range(gli_onnx_node *node) {
    const double start = gli_onnx_known_number(node, 0, "the start"),
                 limit = gli_onnx_known_number(node, 1, "the limit"),
                 delta = gli_onnx_known_number(node, 2, "the step");
    if (!gli_onnx_ok(node)) return;
    const double steps = delta != 0 ? (limit - start) / delta : -1;
    GLI_ONNX_REQUIRE(node, delta != 0 && steps < INT32_MAX, GLIA_UNSUPPORTED, "from %g to %g by %g", start, limit,
                     delta);
    const int64_t n   = steps > 0 ? (int64_t)steps + (steps > (double)(int64_t)steps) : 0;
    gli_onnx_value *y = gli_onnx_constant(node, node->in[0]->type, 1, &n);
    for (int64_t i = 0; y && i < n; ++i) gli_store(y->is.dtype, y->constant->data, i, start + (double)i * delta);
    gli_onnx_give(node, 0, y);
}

void gli_onnx_map_eye_like(gli_onnx_node *node) {
    const gli_onnx_value *x = gli_onnx_in(node, 0);
    const int64_t k         = gli_onnx_int(node, "k", 0);
    GLI_ONNX_REQUIRE(node, x && x->is.ndim == 2, GLIA_BAD_FORMAT, "its input is no matrix");
    GLI_ONNX_REQUIRE(node, !node->im->batched || x->is.dim[0] == x->other[0], GLIA_UNSUPPORTED,
                     "a constant that depends on the batch");
    const int64_t type = gli_onnx_int(node, "dtype", x->type), rows = x->is.dim[0], columns = x->is.dim[1];
    GLI_ONNX_REQUIRE(node, type > 0 && type < 64, GLIA_BAD_FORMAT, "its dtype is %lld", (long long)type);
    gli_onnx_value *y = gli_onnx_constant(node, (int)type, 2, x->is.dim);
    for (int64_t i = 0; y && i < rows; ++i)
        if (k >= -i && k < columns - i) gli_store(y->is.dtype, y->constant->data, i * columns + i + k, 1);
    gli_onnx_give(node, 0, y);
}

/* ---- What is known of a shape ---- */

/* The size of a dimension, for arithmetic. */
static bool symbolic(gli_onnx_node *node, int64_t dim, int64_t other, int64_t *out) {
    const int64_t batches = other - dim;
    if (batches == 0) return *out = dim, true;
    const int64_t rest = batches < 1 << 20 ? dim - GLI_ONNX_ONE_BATCH * batches : INT64_MAX;
    if (batches < 0 || rest < -INT32_MAX || rest > INT32_MAX)
        return gli_onnx_fail(node, GLIA_UNSUPPORTED, "a size that is not a sum of batches"), false;
    return *out = batches * GLI_ONNX_BATCH + rest, true;
}

void gli_onnx_map_shape(gli_onnx_node *node) {
    const gli_onnx_value *x = gli_onnx_in(node, 0);
    int64_t sizes[GLIA_MAX_DIMS];
    GLI_ONNX_REQUIRE(node, x, GLIA_BAD_FORMAT, "it has no input");
    const int ndim = x->is.ndim;
    int64_t start = gli_onnx_int(node, "start", 0), end = gli_onnx_int(node, "end", ndim);
    start = start < 0 ? start + ndim : start;
    end   = end < 0 ? end + ndim : end;
    start = gli_min_i64(gli_max_i64(start, 0), ndim);
    end   = gli_min_i64(gli_max_i64(end, start), ndim);
    for (int64_t i = start; i < end; ++i)
        if (!symbolic(node, x->is.dim[i], x->other[i], &sizes[i - start])) return;
    gli_onnx_give(node, 0, gli_onnx_indices(node, (int)(end - start), sizes));
}

void gli_onnx_map_size(gli_onnx_node *node) {
    const gli_onnx_value *x = gli_onnx_in(node, 0);
    gli_onnx_shape all = {0}, scalar = {0};
    int64_t size;
    GLI_ONNX_REQUIRE(node, x, GLIA_BAD_FORMAT, "it has no input");
    gli_onnx_merge_dims(&all, x, 0, x->is.ndim);
    if (!symbolic(node, all.dim[0], all.other[0], &size)) return;
    gli_onnx_value *vector = gli_onnx_indices(node, 1, &size);
    if (vector) gli_onnx_give(node, 0, gli_onnx_reshape(node, vector, &scalar));
}

/* ---- Casts ---- */

/* Whether a number is not 0. Of what only runs, bools and integers of 0 and 1 are what they are. */
static gli_onnx_value *to_bool(gli_onnx_node *node, gli_onnx_value *x) {
    if (x->type == BOOL) return x;
    if (!x->constant) return gli_onnx_fail(node, GLIA_UNSUPPORTED, "Glia compares constants alone with 0");
    x = gli_onnx_host(node, GLI_ONNX_NOT, BOOL, 1, &x);
    return x ? gli_onnx_host(node, GLI_ONNX_NOT, BOOL, 1, &x) : NULL;
}

/* Sizes that depend on the batch stay i64, whatever the file calls them: no i32 has them. */
static bool is_size(const gli_onnx_node *node, const gli_onnx_value *x, int type) {
    return node->im->batched && x->constant && x->is.dtype == GLIA_I64 && type == ONNX__TENSOR_PROTO__DATA_TYPE__INT32;
}

static void cast_to(gli_onnx_node *node, int64_t type) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    GLI_ONNX_REQUIRE(node, x, GLIA_BAD_FORMAT, "it has no input");
    GLI_ONNX_REQUIRE(node, type > 0 && type < 64, GLIA_BAD_FORMAT, "to the type %lld", (long long)type);
    if (is_size(node, x, (int)type))
        gli_onnx_give(node, 0, x);
    else
        gli_onnx_give(node, 0, type == BOOL ? to_bool(node, x) : gli_onnx_cast(node, x, (int)type));
}

void gli_onnx_map_cast(gli_onnx_node *node) {
    gli_onnx_ignore(node, "saturate"); /* of types that Glia does not have */
    cast_to(node, gli_onnx_int(node, "to", 0));
}

void gli_onnx_map_cast_like(gli_onnx_node *node) {
    const gli_onnx_value *like = gli_onnx_in(node, 1);
    gli_onnx_ignore(node, "saturate");
    GLI_ONNX_REQUIRE(node, like, GLIA_BAD_FORMAT, "it has no second input");
    cast_to(node, like->type);
}

/* ---- Other shapes of the same elements ---- */

/* What -1 stands for. */
static bool fill_open(const gli_onnx_value *x, gli_onnx_shape *shape, int open) {
    gli_onnx_shape all = {0}, rest = {.ndim = 1, .dim = {1}, .other = {1}};
    gli_onnx_merge_dims(&all, x, 0, x->is.ndim);
    for (int i = 0; i < shape->ndim; ++i) {
        if (i == open) continue;
        rest.dim[0]   = gli_saturating_mul(rest.dim[0], shape->dim[i]);
        rest.other[0] = gli_saturating_mul(rest.other[0], shape->other[i]);
    }
    if (rest.dim[0] <= 0 || rest.other[0] <= 0 || all.dim[0] % rest.dim[0] || all.other[0] % rest.other[0])
        return false;
    shape->dim[open]   = all.dim[0] / rest.dim[0];
    shape->other[open] = all.other[0] / rest.other[0];
    return true;
}

/* In a model, dimension 0 is the batch also where the file gives it a size. */
static bool is_file_batch(const gli_onnx_node *node, const gli_onnx_value *x, int64_t size) {
    return node->im->file_batch && size == node->im->file_batch && x->is.ndim && x->is.dim[0] != x->other[0];
}

void gli_onnx_map_reshape(gli_onnx_node *node) {
    gli_onnx_value *x    = gli_onnx_in(node, 0);
    gli_onnx_shape shape = {0};
    int64_t sizes[GLIA_MAX_DIMS];
    int open           = -1;
    const bool zero_is = gli_onnx_int(node, "allowzero", 0) != 0;
    GLI_ONNX_REQUIRE(node, x, GLIA_BAD_FORMAT, "it has no x");
    const int n = gli_onnx_known_ints(node, 1, "the shape", GLIA_MAX_DIMS, sizes);
    for (int i = 0; i < n && gli_onnx_ok(node); ++i) {
        int64_t dim, other;
        GLI_ONNX_REQUIRE(node, gli_onnx_both_sizes(sizes[i], &dim, &other) && sizes[i] >= -1, GLIA_BAD_FORMAT,
                         "a size of %lld", (long long)sizes[i]);
        if (sizes[i] == -1) {
            GLI_ONNX_REQUIRE(node, open < 0, GLIA_BAD_FORMAT, "two sizes are -1");
            open = i;
        }
        const bool copied = (sizes[i] == 0 && !zero_is) || (i == 0 && is_file_batch(node, x, sizes[i]));
        GLI_ONNX_REQUIRE(node, !copied || i < x->is.ndim, GLIA_BAD_FORMAT, "size %d is 0, x is %s", i,
                         GLI_SHAPE_OF(&x->is));
        gli_onnx_add_dim(&shape, copied ? x->is.dim[i] : dim, copied ? x->other[i] : other);
    }
    if (!gli_onnx_ok(node)) return;
    GLI_ONNX_REQUIRE(node, open < 0 || fill_open(x, &shape, open), GLIA_SHAPE_MISMATCH,
                     "x is %s: the rest of the shape does not divide it", GLI_SHAPE_OF(&x->is));
    gli_onnx_give(node, 0, gli_onnx_reshape(node, x, &shape));
}

void gli_onnx_map_flatten(gli_onnx_node *node) {
    gli_onnx_value *x    = gli_onnx_in(node, 0);
    gli_onnx_shape shape = {0};
    int64_t axis         = gli_onnx_int(node, "axis", 1);
    GLI_ONNX_REQUIRE(node, x, GLIA_BAD_FORMAT, "it has no x");
    if (axis < 0) axis += x->is.ndim;
    GLI_ONNX_REQUIRE(node, axis >= 0 && axis <= x->is.ndim, GLIA_BAD_FORMAT, "axis %lld", (long long)axis);
    gli_onnx_merge_dims(&shape, x, 0, (int)axis);
    gli_onnx_merge_dims(&shape, x, (int)axis, x->is.ndim);
    gli_onnx_give(node, 0, gli_onnx_reshape(node, x, &shape));
}

static unsigned read_axes(gli_onnx_node *node, int ndim, int *count) {
    int64_t axes[GLIA_MAX_DIMS];
    unsigned bits = 0;
    *count        = gli_onnx_axes(node, "axes", 1, GLIA_MAX_DIMS, axes);
    for (int i = 0; i < *count; ++i) bits |= 1u << gli_onnx_axis(node, axes[i], ndim);
    return bits;
}

void gli_onnx_map_squeeze(gli_onnx_node *node) {
    gli_onnx_value *x    = gli_onnx_in(node, 0);
    gli_onnx_shape shape = {0};
    int n;
    GLI_ONNX_REQUIRE(node, x, GLIA_BAD_FORMAT, "it has no x");
    const unsigned axes = read_axes(node, x->is.ndim, &n);
    for (int i = 0; i < x->is.ndim && gli_onnx_ok(node); ++i) {
        const bool named = axes >> i & 1, one = x->is.dim[i] == 1 && x->other[i] == 1;
        GLI_ONNX_REQUIRE(node, !named || one, GLIA_BAD_FORMAT, "axis %d of %s is not 1", i, GLI_SHAPE_OF(&x->is));
        if (!(n < 0 ? one : named)) gli_onnx_copy_dims(&shape, x, i, i + 1);
    }
    gli_onnx_give(node, 0, gli_onnx_reshape(node, x, &shape));
}

void gli_onnx_map_unsqueeze(gli_onnx_node *node) {
    gli_onnx_value *x    = gli_onnx_in(node, 0);
    gli_onnx_shape shape = {0};
    int64_t axes[GLIA_MAX_DIMS];
    unsigned bits = 0;
    GLI_ONNX_REQUIRE(node, x, GLIA_BAD_FORMAT, "it has no x");
    const int n    = gli_onnx_axes(node, "axes", 1, GLIA_MAX_DIMS, axes);
    const int ndim = x->is.ndim + n;
    GLI_ONNX_REQUIRE(node, n >= 0 && ndim <= GLIA_MAX_DIMS, GLIA_UNSUPPORTED, "%d axes more than %d", n, x->is.ndim);
    for (int i = 0; i < n; ++i) {
        const unsigned bit = 1u << gli_onnx_axis(node, axes[i], ndim);
        GLI_ONNX_REQUIRE(node, !(bits & bit), GLIA_BAD_FORMAT, "axis %lld is named twice", (long long)axes[i]);
        bits |= bit;
    }
    for (int i = 0, from = 0; i < ndim; ++i) {
        if (bits >> i & 1)
            gli_onnx_add_dim(&shape, 1, 1);
        else
            gli_onnx_copy_dims(&shape, x, from, from + 1), ++from;
    }
    gli_onnx_give(node, 0, gli_onnx_reshape(node, x, &shape));
}

/* To what both shapes broadcast to. */
void gli_onnx_map_expand(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    int64_t sizes[GLIA_MAX_DIMS];
    GLI_ONNX_REQUIRE(node, x, GLIA_BAD_FORMAT, "it has no x");
    const int n               = gli_onnx_known_ints(node, 1, "the shape", GLIA_MAX_DIMS, sizes);
    glia_expand_params params = {.shape = {.ndim = n > x->is.ndim ? n : x->is.ndim}};
    for (int i = 0; i < params.shape.ndim && gli_onnx_ok(node); ++i) {
        const int own = i - (params.shape.ndim - x->is.ndim), wanted = i - (params.shape.ndim - n);
        const int64_t size = wanted >= 0 ? sizes[wanted] : 1;
        int64_t dim, other;
        GLI_ONNX_REQUIRE(node, gli_onnx_both_sizes(size, &dim, &other), GLIA_BAD_FORMAT, "a size of %lld",
                         (long long)size);
        const bool same = own >= 0 && (size == 1 || (x->is.dim[own] == dim && x->other[own] == other) ||
                                       (i == 0 && is_file_batch(node, x, size)));
        GLI_ONNX_REQUIRE(node, same || dim == other, GLIA_UNSUPPORTED, "to the size of the batch");
        params.shape.dim[i] = same ? -1 : size;
    }
    gli_onnx_give(node, 0, gli_onnx_call(node, &gli_op_expand, &params, GLI_ONNX_VALUES(x)));
}
