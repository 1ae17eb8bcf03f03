/* Moving elements. */
#include "glia/ops/movement.h"

#include <limits.h>
#include <string.h>

#include "core/dtype.h"
#include "core/size.h"
#include "onnx/onnx_map.h"

void gli_onnx_map_transpose(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    int64_t order[GLIA_MAX_DIMS];
    int permutation[GLIA_MAX_DIMS];
    GLI_ONNX_REQUIRE(node, x, GLIA_BAD_FORMAT, "it has no x");
    const int n = gli_onnx_ints(node, "perm", GLIA_MAX_DIMS, order);
    GLI_ONNX_REQUIRE(node, n < 0 || n == x->is.ndim, GLIA_BAD_FORMAT, "perm has %d numbers, x is %s", n,
                     GLI_SHAPE_OF(&x->is));
    for (int i = 0; i < x->is.ndim; ++i)
        permutation[i] = n < 0 ? x->is.ndim - 1 - i : gli_onnx_axis(node, order[i], x->is.ndim);
    gli_onnx_give(node, 0, gli_onnx_transpose(node, x, permutation));
}

void gli_onnx_map_concat(gli_onnx_node *node) {
    const gli_onnx_value *x = gli_onnx_in(node, 0);
    GLI_ONNX_REQUIRE(node, x && gli_onnx_has(node, "axis"), GLIA_BAD_FORMAT, "it has inputs and an axis");
    const int axis = gli_onnx_axis(node, gli_onnx_int(node, "axis", 0), x->is.ndim);
    if (gli_onnx_ok(node)) gli_onnx_give(node, 0, gli_onnx_concat(node, node->n_in, node->in, axis));
}

/* Sizes of the parts: as they are told, or equal, the last one smaller. */
static bool read_parts(gli_onnx_node *node, int64_t size, int64_t **out) {
    void *memory;
    node->status = gli_arena_alloc(node->im->ctx, &node->im->arena, (size_t)node->n_out + 1, sizeof **out, &memory);
    if (!gli_onnx_ok(node)) return false;
    *out                = memory;
    const int64_t parts = gli_onnx_int(node, "num_outputs", node->n_out);
    const int n         = gli_onnx_axes(node, "split", 1, node->n_out, *out);
    const int64_t each  = node->n_out ? (size + node->n_out - 1) / node->n_out : 0;
    if (parts != node->n_out || (n >= 0 && n != node->n_out))
        return gli_onnx_fail(node, GLIA_BAD_FORMAT, "%d parts and %d outputs", n, node->n_out), false;
    for (int i = 0; n < 0 && i < node->n_out; ++i) (*out)[i] = gli_max_i64(gli_min_i64(each, size - i * each), 0);
    return gli_onnx_ok(node);
}

void gli_onnx_map_split(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    int64_t *parts, from = 0;
    GLI_ONNX_REQUIRE(node, x, GLIA_BAD_FORMAT, "it has no x");
    const int axis = gli_onnx_axis(node, gli_onnx_int(node, "axis", 0), x->is.ndim);
    if (!gli_onnx_ok(node) || !gli_onnx_check_fixed(node, x, axis) || !read_parts(node, x->is.dim[axis], &parts))
        return;
    for (int i = 0; i < node->n_out; ++i) {
        GLI_ONNX_REQUIRE(node, parts[i] >= 0 && parts[i] <= x->is.dim[axis] - from, GLIA_BAD_FORMAT,
                         "part %d is %lld of %s", i, (long long)parts[i], GLI_SHAPE_OF(&x->is));
        if (gli_onnx_wants(node, i)) gli_onnx_give(node, i, gli_onnx_slice(node, x, axis, from, from + parts[i], 1));
        from += parts[i];
    }
    GLI_ONNX_REQUIRE(node, from == x->is.dim[axis], GLIA_BAD_FORMAT, "its parts are %lld of %s", (long long)from,
                     GLI_SHAPE_OF(&x->is));
}

/* ---- Slice ---- */

/* Backwards: by indices. */
static gli_onnx_value *slice_backwards(gli_onnx_node *node, gli_onnx_value *x, int axis, int64_t start, int64_t stop,
                                       int64_t step) {
    const int64_t size = x->is.dim[axis];
    if (!gli_onnx_check_fixed(node, x, axis)) return NULL;
    if (start < 0) start += size;
    if (stop < 0) stop += size;
    start             = gli_max_i64(gli_min_i64(start, size - 1), -1);
    stop              = gli_max_i64(gli_min_i64(stop, size - 1), -1);
    const int64_t by  = step < -size - 1 ? size + 1 : -step;
    const int64_t n   = start > stop ? (start - stop + by - 1) / by : 0;
    gli_onnx_value *t = gli_onnx_constant(node, ONNX__TENSOR_PROTO__DATA_TYPE__INT64, 1, &n);
    for (int64_t i = 0; t && i < n; ++i) ((int64_t *)t->constant->data)[i] = start - i * by;
    return gli_onnx_gather(node, x, t, axis);
}

void gli_onnx_map_slice(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    int64_t starts[GLIA_MAX_DIMS], ends[GLIA_MAX_DIMS], axes[GLIA_MAX_DIMS], steps[GLIA_MAX_DIMS];
    GLI_ONNX_REQUIRE(node, x, GLIA_BAD_FORMAT, "it has no x");
    const int n       = gli_onnx_axes(node, "starts", 1, GLIA_MAX_DIMS, starts);
    const int n_ends  = gli_onnx_axes(node, "ends", 2, GLIA_MAX_DIMS, ends);
    const int n_axes  = gli_onnx_axes(node, "axes", 3, GLIA_MAX_DIMS, axes);
    const int n_steps = gli_onnx_in(node, 4) ? gli_onnx_known_ints(node, 4, "steps", GLIA_MAX_DIMS, steps) : -1;
    if (!gli_onnx_ok(node)) return;
    GLI_ONNX_REQUIRE(node, n >= 0 && n_ends == n && (n_axes < 0 || n_axes == n) && (n_steps < 0 || n_steps == n),
                     GLIA_BAD_FORMAT, "%d starts, %d ends, %d axes, %d steps", n, n_ends, n_axes, n_steps);
    for (int i = 0; i < n && x; ++i) {
        const int axis     = gli_onnx_axis(node, n_axes < 0 ? i : axes[i], x->is.ndim);
        const int64_t step = n_steps < 0 ? 1 : steps[i];
        GLI_ONNX_REQUIRE(node, step != 0, GLIA_BAD_FORMAT, "a step of 0");
        if (!gli_onnx_ok(node)) return;
        x = step > 0 ? gli_onnx_slice(node, x, axis, starts[i], ends[i], step)
                     : slice_backwards(node, x, axis, starts[i], ends[i], step);
    }
    gli_onnx_give(node, 0, x);
}

/* ---- Gather ---- */

/* A few elements of a model's value, which has no constants of integers: slices, one after the other. */
static gli_onnx_value *gather_slices(gli_onnx_node *node, gli_onnx_value *x, const gli_onnx_value *indices, int axis) {
    gli_onnx_value *slice[GLI_MAX_IN];
    gli_onnx_shape shape = {0};
    const int n          = (int)gli_count(&indices->is);
    for (int i = 0; i < n; ++i) {
        int64_t at = indices->is.dtype == GLIA_I64 ? ((const int64_t *)indices->constant->data)[i]
                                                   : (int64_t)gli_load(indices->is.dtype, indices->constant->data, i);
        if (at < 0 && !gli_onnx_check_fixed(node, x, axis)) return NULL;
        if (at < 0) at += x->is.dim[axis];
        if (at < 0 || at >= x->is.dim[axis])
            return gli_onnx_fail(node, GLIA_BAD_FORMAT, "index %lld of %s", (long long)at, GLI_SHAPE_OF(&x->is));
        slice[i] = gli_onnx_slice(node, x, axis, at, at + 1, 1);
        if (!slice[i]) return NULL;
    }
    gli_onnx_copy_dims(&shape, x, 0, axis);
    gli_onnx_copy_dims(&shape, indices, 0, indices->is.ndim);
    gli_onnx_copy_dims(&shape, x, axis + 1, x->is.ndim);
    x = gli_onnx_concat(node, n, slice, axis);
    return x ? gli_onnx_reshape(node, x, &shape) : NULL;
}

void gli_onnx_map_gather(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0), *indices = gli_onnx_in(node, 1);
    GLI_ONNX_REQUIRE(node, x && indices, GLIA_BAD_FORMAT, "it has x and indices");
    const int axis  = gli_onnx_axis(node, gli_onnx_int(node, "axis", 0), x->is.ndim);
    const int64_t n = gli_count(&indices->is);
    if (!gli_onnx_ok(node)) return;
    const bool few = n > 0 && n <= GLI_MAX_IN && !gli_dtype_is_float(indices->is.dtype);
    if (node->im->model && indices->constant && !x->constant && few)
        gli_onnx_give(node, 0, gather_slices(node, x, indices, axis));
    else
        gli_onnx_give(node, 0, gli_onnx_gather(node, x, indices, axis));
}

void gli_onnx_map_one_hot(gli_onnx_node *node) {
    gli_onnx_value *indices = gli_onnx_in(node, 0);
    int order[GLIA_MAX_DIMS];
    const double depth        = gli_onnx_known_number(node, 1, "the depth");
    const glia_tensor *values = gli_onnx_known(node, 2, "the values");
    if (!gli_onnx_ok(node)) return;
    GLI_ONNX_REQUIRE(node, indices && depth >= 1 && depth <= INT_MAX && gli_count(values) == 2, GLIA_BAD_FORMAT,
                     "a depth of %g, and values %s", depth, GLI_SHAPE_OF(values));
    const int ndim = indices->is.ndim + 1, axis = gli_onnx_axis(node, gli_onnx_int(node, "axis", -1), ndim);
    const glia_one_hot_params params = {.classes = (int)depth,
                                        .dtype   = values->dtype,
                                        .off     = gli_load(values->dtype, values->data, 0),
                                        .on      = gli_load(values->dtype, values->data, 1)};
    const bool index                 = indices->is.dtype == GLIA_I32 || indices->is.dtype == GLIA_I64;
    if (!index) indices = gli_onnx_cast(node, indices, ONNX__TENSOR_PROTO__DATA_TYPE__INT64);
    if (!indices) return;
    gli_onnx_value *y = gli_onnx_call(node, &gli_op_one_hot, &params, GLI_ONNX_VALUES(indices));
    if (!y) return; /* among others of more dimensions than `order` has */
    for (int i = 0; i < ndim; ++i) order[i] = i < axis ? i : i == axis ? ndim - 1 : i - 1;
    y->type = node->in[2]->type;
    gli_onnx_give(node, 0, axis == ndim - 1 ? y : gli_onnx_transpose(node, y, order));
}

/* ---- Pad ---- */

typedef struct padding {
    int before[GLIA_MAX_DIMS], after[GLIA_MAX_DIMS]; /* negative: cropped */
    double value;
} padding;

static bool read_padding(gli_onnx_node *node, int ndim, padding *out) {
    int64_t pads[2 * GLIA_MAX_DIMS], axes[GLIA_MAX_DIMS];
    *out             = (padding){.value = gli_onnx_float(node, "value", 0)};
    const int n      = gli_onnx_axes(node, "pads", 1, 2 * GLIA_MAX_DIMS, pads);
    const bool named = gli_onnx_in(node, 3) != NULL;
    const int n_axes = named ? gli_onnx_known_ints(node, 3, "axes", GLIA_MAX_DIMS, axes) : ndim;
    if (gli_onnx_in(node, 2)) out->value = gli_onnx_known_number(node, 2, "the value");
    if (n != 2 * n_axes) return gli_onnx_fail(node, GLIA_BAD_FORMAT, "%d pads of %d axes", n, n_axes), false;
    for (int i = 0; i < n_axes; ++i) {
        const int axis = named ? gli_onnx_axis(node, axes[i], ndim) : i;
        if (pads[i] < -INT_MAX || pads[i] > INT_MAX || pads[n_axes + i] < -INT_MAX || pads[n_axes + i] > INT_MAX)
            return gli_onnx_fail(node, GLIA_BAD_FORMAT, "pads of %lld and %lld", (long long)pads[i],
                                 (long long)pads[n_axes + i]),
                   false;
        out->before[axis] = (int)pads[i];
        out->after[axis]  = (int)pads[n_axes + i];
    }
    return gli_onnx_ok(node);
}

/* The element that stands at place `at` of a row of `size`, which may be outside of it. */
static int64_t inside(char mode, int64_t at, int64_t size) {
    if (mode == 'e') return gli_max_i64(gli_min_i64(at, size - 1), 0);
    if (mode == 'w') return ((at % size) + size) % size;
    const int64_t period = size > 1 ? 2 * size - 2 : 1;
    at                   = ((at % period) + period) % period;
    return at < size ? at : period - at;
}

/* Elements of x at the ends: slices of one element. */
static gli_onnx_value *pad_with_own(gli_onnx_node *node, gli_onnx_value *x, int axis, int before, int after,
                                    char mode) {
    enum { MOST = 256 };
    gli_onnx_value *part[2 * MOST + 1];
    const int64_t size = x->is.dim[axis];
    if (before == 0 && after == 0) return x;
    if (before > MOST || after > MOST || size == 0 || x->other[axis] != size)
        return gli_onnx_fail(node, GLIA_UNSUPPORTED, "%d and %d elements at the ends of %s", before, after,
                             GLI_SHAPE_OF(&x->is));
    for (int i = 0; i < before + 1 + after; ++i) {
        const int64_t at = inside(mode, i < before ? i - before : size + i - before - 1, size);
        part[i]          = i == before ? x : gli_onnx_slice(node, x, axis, at, at + 1, 1);
        if (!part[i]) return NULL;
    }
    return gli_onnx_concat(node, before + 1 + after, part, axis);
}

static gli_onnx_value *pad_with_value(gli_onnx_node *node, gli_onnx_value *x, const padding *p) {
    glia_pad_params params = {.value = p->value};
    for (int i = 0; i < x->is.ndim; ++i) {
        params.before[i] = p->before[i] > 0 ? p->before[i] : 0;
        params.after[i]  = p->after[i] > 0 ? p->after[i] : 0;
    }
    return gli_onnx_call(node, &gli_op_pad, &params, GLI_ONNX_VALUES(x));
}

void gli_onnx_map_pad(gli_onnx_node *node) {
    static const char *const modes[] = {"constant", "edge", "reflect", "wrap"};
    gli_onnx_value *x                = gli_onnx_in(node, 0);
    const char *mode                 = gli_onnx_string(node, "mode", modes[0]);
    padding p;
    int m = 0;
    while (m < 4 && strcmp(mode, modes[m]) != 0) ++m;
    GLI_ONNX_REQUIRE(node, x && m < 4, GLIA_BAD_FORMAT, "mode is '%.32s'", mode);
    if (!read_padding(node, x->is.ndim, &p)) return;
    for (int i = 0; i < x->is.ndim; ++i) {
        const int64_t start = p.before[i] < 0 ? -(int64_t)p.before[i] : 0;
        const int64_t stop  = p.after[i] < 0 ? gli_max_i64(x->is.dim[i] + p.after[i], 0) : GLIA_END;
        if (start || stop != GLIA_END) x = gli_onnx_slice(node, x, i, start, stop, 1);
        if (!x) return;
    }
    if (m == 0) {
        gli_onnx_give(node, 0, pad_with_value(node, x, &p));
        return;
    }
    for (int i = 0, ndim = x->is.ndim; i < ndim && x; ++i)
        x = pad_with_own(node, x, i, p.before[i] > 0 ? p.before[i] : 0, p.after[i] > 0 ? p.after[i] : 0, mode[0]);
    gli_onnx_give(node, 0, x);
}

/* ---- Tile, DepthToSpace, SpaceToDepth ---- */

/* x n times along the axis. */
static gli_onnx_value *repeat(gli_onnx_node *node, gli_onnx_value *x, int axis, int64_t n) {
    gli_onnx_shape more = {0}, merged = {0};
    if (x->is.ndim == GLIA_MAX_DIMS) return gli_onnx_fail(node, GLIA_UNSUPPORTED, "of %d dimensions", GLIA_MAX_DIMS);
    gli_onnx_copy_dims(&more, x, 0, axis);
    gli_onnx_add_dim(&more, 1, 1);
    gli_onnx_copy_dims(&more, x, axis, x->is.ndim);
    glia_expand_params params = {.shape = {.ndim = x->is.ndim + 1}};
    for (int i = 0; i < params.shape.ndim; ++i) params.shape.dim[i] = i == axis ? n : -1;
    gli_onnx_value *y = gli_onnx_reshape(node, x, &more);
    y                 = y ? gli_onnx_call(node, &gli_op_expand, &params, GLI_ONNX_VALUES(y)) : NULL;
    if (!y) return NULL;
    gli_onnx_copy_dims(&merged, y, 0, axis);
    gli_onnx_merge_dims(&merged, y, axis, axis + 2);
    gli_onnx_copy_dims(&merged, y, axis + 2, y->is.ndim);
    return gli_onnx_reshape(node, y, &merged);
}

void gli_onnx_map_tile(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    int64_t times[GLIA_MAX_DIMS];
    const int n = gli_onnx_known_ints(node, 1, "repeats", GLIA_MAX_DIMS, times);
    if (!gli_onnx_ok(node)) return;
    GLI_ONNX_REQUIRE(node, x && n == x->is.ndim, GLIA_BAD_FORMAT, "%d repeats", n);
    for (int i = 0; i < n && x; ++i) {
        GLI_ONNX_REQUIRE(node, times[i] >= 0 && times[i] <= INT_MAX, GLIA_UNSUPPORTED, "%lld repeats",
                         (long long)times[i]);
        if (times[i] != 1) x = repeat(node, x, i, times[i]);
    }
    gli_onnx_give(node, 0, x);
}

static int64_t read_block(gli_onnx_node *node, const gli_onnx_value *x) {
    const int64_t block = gli_onnx_int(node, "blocksize", 0);
    if (!x || x->is.ndim != 4 || block < 1 || block > INT16_MAX)
        gli_onnx_fail(node, GLIA_BAD_FORMAT, "blocks of %lld", (long long)block);
    return block;
}

/* x [N,C,H,W] as `shape`, with its dimensions in another order, as `to`. */
static void rearrange(gli_onnx_node *node, gli_onnx_value *x, const gli_onnx_shape *shape, const int *order,
                      const gli_onnx_shape *to) {
    x = gli_onnx_reshape(node, x, shape);
    x = x ? gli_onnx_transpose(node, x, order) : NULL;
    gli_onnx_give(node, 0, x ? gli_onnx_reshape(node, x, to) : NULL);
}

void gli_onnx_map_depth_to_space(gli_onnx_node *node) {
    static const int dcr[] = {0, 3, 4, 1, 5, 2}, crd[] = {0, 1, 4, 2, 5, 3};
    gli_onnx_value *x = gli_onnx_in(node, 0);
    const int64_t b   = read_block(node, x);
    const bool column = strcmp(gli_onnx_string(node, "mode", "DCR"), "CRD") == 0;
    if (!gli_onnx_ok(node)) return;
    const int64_t c = x->is.dim[1] / (b * b), h = x->is.dim[2], w = x->is.dim[3];
    gli_onnx_shape from = {0}, to = {0};
    gli_onnx_copy_dims(&from, x, 0, 1);
    gli_onnx_copy_dims(&to, x, 0, 1);
    for (int i = 0; i < 3; ++i) {
        const int64_t dim = (i == (column ? 0 : 2)) ? c : b;
        gli_onnx_add_dim(&from, dim, dim);
    }
    gli_onnx_copy_dims(&from, x, 2, 4);
    gli_onnx_add_dim(&to, c, c);
    gli_onnx_add_dim(&to, h * b, h * b);
    gli_onnx_add_dim(&to, w * b, w * b);
    rearrange(node, x, &from, column ? crd : dcr, &to);
}

void gli_onnx_map_space_to_depth(gli_onnx_node *node) {
    static const int order[] = {0, 3, 5, 1, 2, 4};
    gli_onnx_value *x        = gli_onnx_in(node, 0);
    const int64_t b          = read_block(node, x);
    if (!gli_onnx_ok(node)) return;
    const int64_t c = x->is.dim[1], h = x->is.dim[2] / b, w = x->is.dim[3] / b;
    gli_onnx_shape from = {0}, to = {0};
    gli_onnx_copy_dims(&from, x, 0, 2);
    gli_onnx_copy_dims(&to, x, 0, 1);
    gli_onnx_add_dim(&from, h, h);
    gli_onnx_add_dim(&from, b, b);
    gli_onnx_add_dim(&from, w, w);
    gli_onnx_add_dim(&from, b, b);
    gli_onnx_add_dim(&to, c * b * b, c * b * b);
    gli_onnx_add_dim(&to, h, h);
    gli_onnx_add_dim(&to, w, w);
    rearrange(node, x, &from, order, &to);
}
