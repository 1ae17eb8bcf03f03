/* Sums, extremes and places of extremes. */
#include "glia/ops/reduce.h"

#include <string.h>

#include "core/dtype.h"
#include "glia/ops/elementwise.h"
#include "onnx/onnx_map.h"

typedef struct reduction {
    gli_onnx_value *x;
    unsigned axes;
    bool keep, nothing; /* nothing: x as it is */
} reduction;

static bool read_reduction(gli_onnx_node *node, reduction *out) {
    int64_t axes[GLIA_MAX_DIMS];
    *out            = (reduction){.x = gli_onnx_in(node, 0), .keep = gli_onnx_int(node, "keepdims", 1) != 0};
    const bool noop = gli_onnx_int(node, "noop_with_empty_axes", 0) != 0;
    if (!out->x) return gli_onnx_fail(node, GLIA_BAD_FORMAT, "it has no x"), false;
    const int n  = gli_onnx_axes(node, "axes", 1, GLIA_MAX_DIMS, axes);
    out->nothing = n <= 0 && noop;
    if (n <= 0) out->axes = noop ? 0 : GLIA_ALL_AXES;
    for (int i = 0; i < n; ++i) out->axes |= GLIA_AXIS(gli_onnx_axis(node, axes[i], out->x->is.ndim));
    return gli_onnx_ok(node);
}

static gli_onnx_value *reduce(gli_onnx_node *node, const reduction *r, int kind, gli_onnx_value *x) {
    return gli_onnx_reduce(node, kind, r->axes, r->keep, x);
}

/* Constant integers are reduced as f64, which has them. */
void gli_onnx_map_reduce(gli_onnx_node *node) {
    reduction r;
    if (!read_reduction(node, &r)) return;
    if (gli_dtype_is_float(r.x->is.dtype) || !r.x->constant) {
        gli_onnx_give(node, 0, reduce(node, &r, node->row->kind, r.x));
        return;
    }
    const int type    = r.x->type;
    gli_onnx_value *x = gli_onnx_cast(node, r.x, ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE);
    gli_onnx_give(node, 0, gli_onnx_cast(node, reduce(node, &r, node->row->kind, x), type));
}

void gli_onnx_map_reduce_log_sum(gli_onnx_node *node) {
    reduction r;
    if (!read_reduction(node, &r)) return;
    gli_onnx_give(node, 0, gli_onnx_unary(node, GLIA_UNARY_LOG, 0, 0, reduce(node, &r, GLIA_REDUCE_SUM, r.x)));
}

/* m + log(sum of exp(x - m)), m the largest. */
void gli_onnx_map_reduce_log_sum_exp(gli_onnx_node *node) {
    reduction r;
    if (!read_reduction(node, &r)) return;
    gli_onnx_value *most = gli_onnx_reduce(node, GLIA_REDUCE_MAX, r.axes, true, r.x);
    gli_onnx_value *e   = gli_onnx_unary(node, GLIA_UNARY_EXP, 0, 0, gli_onnx_binary(node, GLIA_BINARY_SUB, r.x, most));
    gli_onnx_value *sum = gli_onnx_unary(node, GLIA_UNARY_LOG, 0, 0, reduce(node, &r, GLIA_REDUCE_SUM, e));
    if (!sum) return;
    const gli_onnx_shape shape = gli_onnx_shape_of(sum);
    gli_onnx_give(node, 0, gli_onnx_binary(node, GLIA_BINARY_ADD, gli_onnx_reshape(node, most, &shape), sum));
}

void gli_onnx_map_reduce_sum_square(gli_onnx_node *node) {
    reduction r;
    if (!read_reduction(node, &r)) return;
    gli_onnx_give(node, 0, reduce(node, &r, GLIA_REDUCE_SUM, gli_onnx_unary(node, GLIA_UNARY_SQUARE, 0, 0, r.x)));
}

/* Of the numbers of a shape. */
void gli_onnx_map_reduce_prod(gli_onnx_node *node) {
    reduction r;
    if (!read_reduction(node, &r)) return;
    GLI_ONNX_REQUIRE(node, r.x->constant && r.x->is.ndim <= 1 && r.axes, GLIA_UNSUPPORTED,
                     "Glia has products of constant vectors alone");
    const int ndim          = r.keep ? r.x->is.ndim : 0;
    gli_onnx_value *product = gli_onnx_constant(node, r.x->type, ndim, (int64_t[]){1});
    if (product) gli_onnx_product(r.x->constant, product->constant);
    gli_onnx_give(node, 0, product);
}

/* x with its last element along the axis first. */
static gli_onnx_value *backwards(gli_onnx_node *node, gli_onnx_value *x, int axis, gli_onnx_value **table) {
    const int64_t n = x->is.dim[axis];
    *table          = gli_onnx_constant(node, ONNX__TENSOR_PROTO__DATA_TYPE__INT64, 1, &n);
    if (!*table) return NULL;
    for (int64_t i = 0; i < n; ++i) ((int64_t *)(*table)->constant->data)[i] = n - 1 - i;
    return gli_onnx_gather(node, x, *table, axis);
}

void gli_onnx_map_cumsum(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    int64_t axis;
    GLI_ONNX_REQUIRE(node, x, GLIA_BAD_FORMAT, "it has no x");
    const int n = gli_onnx_known_ints(node, 1, "the axis", 1, &axis);
    GLI_ONNX_REQUIRE(node, n == 1 || !gli_onnx_ok(node), GLIA_BAD_FORMAT, "its axis is of no elements");
    if (!gli_onnx_ok(node)) return;
    const glia_cumsum_params params = {.axis      = gli_onnx_axis(node, axis, x->is.ndim),
                                       .exclusive = gli_onnx_int(node, "exclusive", 0) != 0,
                                       .reverse   = gli_onnx_int(node, "reverse", 0) != 0};
    gli_onnx_give(node, 0, gli_onnx_call(node, &gli_op_cumsum, &params, GLI_ONNX_VALUES(x)));
}

/* Sorted ones are what a file that wants them in any order can have. */
void gli_onnx_map_topk(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0), *out[2];
    int64_t k         = 0;
    GLI_ONNX_REQUIRE(node, x, GLIA_BAD_FORMAT, "it has no x");
    const int n = gli_onnx_known_ints(node, 1, "k", 1, &k);
    gli_onnx_ignore(node, "sorted");
    GLI_ONNX_REQUIRE(node, !gli_onnx_ok(node) || (n == 1 && k >= 1 && k <= GLI_ONNX_MOST_SIZE), GLIA_UNSUPPORTED,
                     "k is %lld", (long long)k);
    const glia_topk_params params = {.axis     = gli_onnx_axis(node, gli_onnx_int(node, "axis", -1), x->is.ndim),
                                     .k        = (int)k,
                                     .smallest = gli_onnx_int(node, "largest", 1) == 0};
    if (gli_onnx_call_all(node, &gli_op_topk, &params, 1, &x, 2, out) != GLIA_OK) return;
    for (int i = 0; i < 2; ++i) gli_onnx_give(node, i, out[i]);
}

/* A row's kind: 0 of the largest, 1 of the smallest. The last of equal elements is the first backwards. */
void gli_onnx_map_argmax(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0), *table = NULL;
    GLI_ONNX_REQUIRE(node, x, GLIA_BAD_FORMAT, "it has no x");
    const int axis                  = gli_onnx_axis(node, gli_onnx_int(node, "axis", 0), x->is.ndim);
    const bool last                 = gli_onnx_int(node, "select_last_index", 0) != 0;
    const glia_argmax_params params = {.axis = axis, .keep_dims = gli_onnx_int(node, "keepdims", 1) != 0};
    if (node->row->kind) x = gli_onnx_unary(node, GLIA_UNARY_NEG, 0, 0, x);
    if (last && x) x = backwards(node, x, axis, &table);
    if (!x) return;
    gli_onnx_value *y = gli_onnx_call(node, &gli_op_argmax, &params, GLI_ONNX_VALUES(x));
    gli_onnx_give(node, 0, last ? gli_onnx_gather(node, table, y, 0) : y);
}
