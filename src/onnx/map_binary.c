/* Functions of pairs of elements. */
#include <math.h>

#include "core/dtype.h"
#include "glia/ops/elementwise.h"
#include "onnx/onnx_map.h"

static gli_onnx_function host_function(int kind) {
    static const gli_onnx_function of[] = {
        [GLIA_BINARY_ADD] = GLI_ONNX_ADD,    [GLIA_BINARY_SUB] = GLI_ONNX_SUB, [GLIA_BINARY_MUL] = GLI_ONNX_MUL,
        [GLIA_BINARY_DIV] = GLI_ONNX_DIV,    [GLIA_BINARY_POW] = GLI_ONNX_POW, [GLIA_BINARY_MINIMUM] = GLI_ONNX_MIN,
        [GLIA_BINARY_MAXIMUM] = GLI_ONNX_MAX};
    return of[kind];
}

/* Integers are computed where both are constant, as in the arithmetic of shapes. */
static gli_onnx_value *combine(gli_onnx_node *node, int kind, gli_onnx_value *a, gli_onnx_value *b) {
    if (!a || !b) return gli_onnx_fail(node, GLIA_BAD_FORMAT, "it has two inputs");
    if (gli_dtype_is_float(a->is.dtype)) return gli_onnx_binary(node, kind, a, b);
    if (a->constant && b->constant)
        return gli_onnx_host(node, host_function(kind), a->type, 2, (gli_onnx_value *[]){a, b});
    return gli_onnx_fail(node, GLIA_UNSUPPORTED, "Glia computes it of floats, not of %s", gli_onnx_type_name(a->type));
}

/* In version 6, b's first dimension may be named, where later versions align the last ones. */
static gli_onnx_value *align(gli_onnx_node *node, const gli_onnx_value *a, gli_onnx_value *b) {
    gli_onnx_shape shape = gli_onnx_shape_of(b);
    gli_onnx_ignore(node, "broadcast");
    if (!a || !b || !gli_onnx_has(node, "axis")) return b;
    const int axis = gli_onnx_axis(node, gli_onnx_int(node, "axis", 0), a->is.ndim);
    for (int i = axis + b->is.ndim; i < a->is.ndim; ++i) gli_onnx_add_dim(&shape, 1, 1);
    return gli_onnx_reshape(node, b, &shape);
}

void gli_onnx_map_binary(gli_onnx_node *node) {
    gli_onnx_value *a = gli_onnx_in(node, 0), *b = gli_onnx_in(node, 1);
    if (node->version < 7) b = align(node, a, b);
    gli_onnx_give(node, 0, combine(node, node->row->kind, a, b));
}

/* The exponent may be of another type. */
void gli_onnx_map_pow(gli_onnx_node *node) {
    gli_onnx_value *a = gli_onnx_in(node, 0), *b = gli_onnx_in(node, 1);
    if (a && b && gli_dtype_is_float(a->is.dtype)) b = gli_onnx_cast(node, b, a->type);
    gli_onnx_give(node, 0, combine(node, GLIA_BINARY_POW, a, b));
}

void gli_onnx_map_mod(gli_onnx_node *node) {
    gli_onnx_value *a = gli_onnx_in(node, 0), *b = gli_onnx_in(node, 1);
    const int64_t fmod = gli_onnx_int(node, "fmod", 0);
    GLI_ONNX_REQUIRE(node, a && b && a->constant && b->constant && !fmod, GLIA_UNSUPPORTED,
                     "Glia has a remainder of constants alone");
    gli_onnx_give(node, 0, gli_onnx_host(node, GLI_ONNX_MOD, a->type, 2, (gli_onnx_value *[]){a, b}));
}

void gli_onnx_map_variadic(gli_onnx_node *node) {
    gli_onnx_value *sum = gli_onnx_in(node, 0);
    for (int i = 1; i < node->n_in && sum; ++i) sum = combine(node, node->row->kind, sum, node->in[i]);
    gli_onnx_give(node, 0, sum);
}

void gli_onnx_map_mean(gli_onnx_node *node) {
    gli_onnx_value *sum = gli_onnx_in(node, 0);
    for (int i = 1; i < node->n_in && sum; ++i) sum = combine(node, GLIA_BINARY_ADD, sum, node->in[i]);
    if (sum) gli_onnx_give(node, 0, gli_onnx_scale(node, sum, 1.0 / node->n_in));
}

/* ---- Bools: 0 and 1 of u8, which are computed with as floats ---- */

enum { BOOL = ONNX__TENSOR_PROTO__DATA_TYPE__BOOL, FLOAT = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT };

void gli_onnx_map_logic(gli_onnx_node *node) {
    gli_onnx_value *a = gli_onnx_in(node, 0), *b = gli_onnx_in(node, 1), *y;
    const int kind = node->row->kind;
    if (!a || !b) return;
    if (a->constant && b->constant) {
        gli_onnx_give(node, 0, gli_onnx_host(node, (gli_onnx_function)kind, BOOL, 2, (gli_onnx_value *[]){a, b}));
        return;
    }
    a = gli_onnx_cast(node, a, FLOAT);
    b = gli_onnx_cast(node, b, FLOAT);
    if (kind == GLI_ONNX_XOR)
        y = gli_onnx_unary(node, GLIA_UNARY_ABS, 0, 0, gli_onnx_binary(node, GLIA_BINARY_SUB, a, b));
    else
        y = gli_onnx_binary(node, kind == GLI_ONNX_AND ? GLIA_BINARY_MINIMUM : GLIA_BINARY_MAXIMUM, a, b);
    gli_onnx_give(node, 0, gli_onnx_cast(node, y, BOOL));
}

void gli_onnx_map_not(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    if (x && x->constant) {
        gli_onnx_give(node, 0, gli_onnx_host(node, GLI_ONNX_NOT, BOOL, 1, &x));
        return;
    }
    x = gli_onnx_cast(node, x, FLOAT);
    x = gli_onnx_binary(node, GLIA_BINARY_SUB, gli_onnx_number(node, x, 1), x);
    gli_onnx_give(node, 0, gli_onnx_cast(node, x, BOOL));
}

/* Floats as they are, and integers as floats that have each of them; a model's f32 does not have every i32. */
static gli_onnx_value *as_floats(gli_onnx_node *node, gli_onnx_value *x) {
    if (gli_dtype_is_float(x->is.dtype)) return x;
    if (x->is.dtype == GLIA_U8) return gli_onnx_cast(node, x, FLOAT);
    if (x->is.dtype == GLIA_I32 && !node->im->model)
        return gli_onnx_cast(node, x, ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE);
    return gli_onnx_fail(node, GLIA_UNSUPPORTED, "Glia computes it of floats, not of %s", gli_onnx_type_name(x->type));
}

static glia_binary_kind comparison(int function) {
    switch (function) {
        case GLI_ONNX_EQUAL: return GLIA_BINARY_EQUAL;
        case GLI_ONNX_LESS: return GLIA_BINARY_LESS;
        case GLI_ONNX_LESS_EQUAL: return GLIA_BINARY_LESS_EQUAL;
        case GLI_ONNX_GREATER: return GLIA_BINARY_GREATER;
        default: return GLIA_BINARY_GREATER_EQUAL;
    }
}

void gli_onnx_map_compare(gli_onnx_node *node) {
    gli_onnx_value *a = gli_onnx_in(node, 0), *b = gli_onnx_in(node, 1);
    GLI_ONNX_REQUIRE(node, a && b, GLIA_BAD_FORMAT, "it has two inputs");
    const gli_onnx_function f = (gli_onnx_function)node->row->kind;
    if (a->constant && b->constant) {
        gli_onnx_give(node, 0, gli_onnx_host(node, f, BOOL, 2, (gli_onnx_value *[]){a, b}));
        return;
    }
    a = as_floats(node, a);
    b = as_floats(node, b);
    gli_onnx_give(node, 0, gli_onnx_cast(node, gli_onnx_binary(node, comparison(f), a, b), BOOL));
}

void gli_onnx_map_where(gli_onnx_node *node) {
    gli_onnx_value *in[] = {gli_onnx_in(node, 0), gli_onnx_in(node, 1), gli_onnx_in(node, 2)};
    GLI_ONNX_REQUIRE(node, in[0] && in[1] && in[2], GLIA_BAD_FORMAT, "it has three inputs");
    const int type = in[1]->type;
    if (gli_onnx_all_constant(3, in)) {
        gli_onnx_give(node, 0, gli_onnx_host(node, GLI_ONNX_WHERE, type, 3, in));
        return;
    }
    for (int i = 1; i < 3 && gli_onnx_ok(node); ++i) in[i] = as_floats(node, in[i]);
    if (gli_onnx_ok(node)) in[0] = gli_onnx_cast(node, in[0], gli_onnx_type_of(in[1]->is.dtype));
    gli_onnx_give(node, 0, gli_onnx_cast(node, gli_onnx_call(node, &gli_op_where, NULL, 3, in), type));
}

/* ---- What compares with numbers ---- */

void gli_onnx_map_is_nan(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    gli_onnx_value *y = gli_onnx_scale(node, gli_onnx_binary(node, GLIA_BINARY_EQUAL, x, x), -1);
    gli_onnx_give(node, 0, gli_onnx_cast(node, gli_onnx_shift(node, y, 1), BOOL));
}

void gli_onnx_map_is_inf(gli_onnx_node *node) {
    gli_onnx_value *x   = gli_onnx_in(node, 0);
    const bool negative = gli_onnx_int(node, "detect_negative", 1) != 0,
               positive = gli_onnx_int(node, "detect_positive", 1) != 0;
    if (negative && positive) x = gli_onnx_unary(node, GLIA_UNARY_ABS, 0, 0, x);
    if (negative && !positive) x = gli_onnx_unary(node, GLIA_UNARY_NEG, 0, 0, x);
    if (!x) return;
    const glia_binary_kind kind = negative || positive ? GLIA_BINARY_EQUAL : GLIA_BINARY_GREATER;
    gli_onnx_give(node, 0,
                  gli_onnx_cast(node, gli_onnx_binary(node, kind, x, gli_onnx_number(node, x, INFINITY)), BOOL));
}

static gli_onnx_value *choose(gli_onnx_node *node, gli_onnx_value *condition, gli_onnx_value *a, gli_onnx_value *b) {
    return condition && a && b ? gli_onnx_call(node, &gli_op_where, NULL, GLI_ONNX_VALUES(condition, a, b)) : NULL;
}

/* x + bias below -lambd, x - bias above lambd, 0 in between. */
void gli_onnx_map_shrink(gli_onnx_node *node) {
    gli_onnx_value *x  = gli_onnx_in(node, 0);
    const double limit = gli_onnx_float(node, "lambd", 0.5), bias = gli_onnx_float(node, "bias", 0);
    if (!x) return;
    gli_onnx_value *above = gli_onnx_binary(node, GLIA_BINARY_GREATER, x, gli_onnx_number(node, x, limit));
    gli_onnx_value *below = gli_onnx_binary(node, GLIA_BINARY_LESS, x, gli_onnx_number(node, x, -limit));
    gli_onnx_value *y     = choose(node, above, gli_onnx_shift(node, x, -bias), gli_onnx_number(node, x, 0));
    gli_onnx_give(node, 0, choose(node, below, gli_onnx_shift(node, x, bias), y));
}

/* What lies above the k-th diagonal, or below it, of the last two dimensions; elsewhere 0. */
void gli_onnx_map_trilu(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    const bool upper  = gli_onnx_int(node, "upper", 1) != 0;
    int64_t k         = 0;
    GLI_ONNX_REQUIRE(node, x && x->is.ndim >= 2, GLIA_BAD_FORMAT, "its input is no matrix");
    if (gli_onnx_in(node, 1) && gli_onnx_known_ints(node, 1, "k", 1, &k) != 1) k = 0;
    const int64_t *dim = x->is.dim + x->is.ndim - 2, *other = x->other + x->is.ndim - 2;
    GLI_ONNX_REQUIRE(node, gli_dtype_is_float(x->is.dtype), GLIA_UNSUPPORTED, "Glia computes it of floats, not of %s",
                     gli_onnx_type_name(x->type));
    GLI_ONNX_REQUIRE(node, dim[0] == other[0] && dim[1] == other[1], GLIA_UNSUPPORTED,
                     "a matrix of the size of the batch");
    gli_onnx_value *mask = gli_onnx_constant(node, x->type, 2, dim);
    if (!mask) return;
    for (int64_t r = 0; r < dim[0]; ++r)
        for (int64_t c = 0; c < dim[1]; ++c)
            gli_store(mask->is.dtype, mask->constant->data, r * dim[1] + c, upper ? c - r >= k : c - r <= k);
    gli_onnx_give(node, 0, choose(node, mask, x, gli_onnx_number(node, x, 0)));
}
