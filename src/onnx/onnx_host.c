/* Arithmetic of constants that no op has: of integers, and what compares or rounds. Numbers are long doubles, which
 * hold every i64 that shapes can be made of. */
#include <math.h>
#include <string.h>

#include "core/dtype.h"
#include "core/size.h"
#include "onnx/onnx_import.h"

enum { MOST_OPERANDS = 3 };

typedef struct operand {
    const glia_tensor *of;
    int64_t stride[GLIA_MAX_DIMS]; /* 0 where it repeats */
} operand;

static long double load(const glia_tensor *t, int64_t i) {
    return t->dtype == GLIA_I64 ? (long double)((const int64_t *)t->data)[i]
                                : (long double)gli_load(t->dtype, t->data, i);
}

static void store(const glia_tensor *t, int64_t i, long double value) {
    if (t->dtype != GLIA_I64)
        gli_store(t->dtype, t->data, i, (double)value);
    else if (value >= 0x1p63L)
        ((int64_t *)t->data)[i] = INT64_MAX;
    else
        ((int64_t *)t->data)[i] = value > -0x1p63L ? (int64_t)value : value == value ? INT64_MIN : 0;
}

/* The sign of the divisor, as ONNX's Mod without fmod. */
static long double modulo(long double a, long double b) {
    const long double rest = fmodl(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

static long double compute(gli_onnx_function f, bool integers, const long double *x) {
    const long double a = x[0], b = x[1];
    switch (f) {
        case GLI_ONNX_ADD: return a + b;
        case GLI_ONNX_SUB: return a - b;
        case GLI_ONNX_MUL: return a * b;
        case GLI_ONNX_DIV: return integers ? (b != 0 ? truncl(a / b) : 0) : a / b;
        case GLI_ONNX_MOD: return integers && b == 0 ? 0 : modulo(a, b);
        case GLI_ONNX_POW: return powl(a, b);
        case GLI_ONNX_MIN: return a < b || a != a ? a : b;
        case GLI_ONNX_MAX: return a > b || a != a ? a : b;
        case GLI_ONNX_EQUAL: return a == b;
        case GLI_ONNX_LESS: return a < b;
        case GLI_ONNX_LESS_EQUAL: return a <= b;
        case GLI_ONNX_GREATER: return a > b;
        case GLI_ONNX_GREATER_EQUAL: return a >= b;
        case GLI_ONNX_AND: return a != 0 && b != 0;
        case GLI_ONNX_OR: return a != 0 || b != 0;
        case GLI_ONNX_XOR: return (a != 0) != (b != 0);
        case GLI_ONNX_NOT: return a == 0;
        case GLI_ONNX_NEG: return -a;
        case GLI_ONNX_ABS: return fabsl(a);
        case GLI_ONNX_SIGN: return a != a ? a : (a > 0) - (a < 0);
        case GLI_ONNX_FLOOR: return floorl(a);
        case GLI_ONNX_CEIL: return ceill(a);
        case GLI_ONNX_ROUND: return rintl(a);
        case GLI_ONNX_WHERE: return a != 0 ? b : x[2];
    }
    return 0;
}

/* The shape that the operands broadcast to. */
static bool broadcast(int n, gli_onnx_value *const *in, int *ndim, int64_t dim[GLIA_MAX_DIMS]) {
    *ndim = 0;
    for (int k = 0; k < n; ++k) *ndim = in[k]->is.ndim > *ndim ? in[k]->is.ndim : *ndim;
    for (int i = 0; i < *ndim; ++i) dim[i] = 1;
    for (int k = 0; k < n; ++k)
        for (int i = 0; i < in[k]->is.ndim; ++i) {
            int64_t *to        = &dim[*ndim - in[k]->is.ndim + i];
            const int64_t size = in[k]->is.dim[i];
            if (size != 1 && *to != 1 && size != *to) return false;
            if (size != 1) *to = size;
        }
    return true;
}

static operand operand_of(const glia_tensor *t, int ndim) {
    operand out    = {.of = t};
    int64_t stride = 1;
    for (int i = t->ndim - 1; i >= 0; --i) {
        out.stride[ndim - t->ndim + i] = t->dim[i] == 1 ? 0 : stride;
        stride *= t->dim[i];
    }
    return out;
}

static void compute_all(gli_onnx_function f, int n, const operand *x, const glia_tensor *y) {
    int64_t at[GLIA_MAX_DIMS] = {0};
    const bool integers       = !gli_dtype_is_float(x[0].of->dtype);
    for (int64_t i = 0, count = gli_count(y); i < count; ++i) {
        long double numbers[MOST_OPERANDS] = {0};
        for (int k = 0; k < n; ++k) {
            int64_t from = 0;
            for (int d = 0; d < y->ndim; ++d) from += at[d] * x[k].stride[d];
            numbers[k] = load(x[k].of, from);
        }
        store(y, i, compute(f, integers, numbers));
        for (int d = y->ndim - 1; d >= 0 && ++at[d] == y->dim[d]; --d) at[d] = 0;
    }
}

void gli_onnx_product(const glia_tensor *x, const glia_tensor *y) {
    long double product = 1;
    for (int64_t i = 0, n = gli_count(x); i < n; ++i) product *= load(x, i);
    store(y, 0, product);
}

gli_onnx_value *gli_onnx_host(gli_onnx_node *node, gli_onnx_function function, int type, int n_in,
                              gli_onnx_value *const *in) {
    int ndim                   = 0;
    int64_t dim[GLIA_MAX_DIMS] = {0};
    operand x[MOST_OPERANDS];
    if (!gli_onnx_ok(node)) return NULL;
    if (!broadcast(n_in, in, &ndim, dim))
        return gli_onnx_fail(node, GLIA_BAD_FORMAT, "%s and %s do not broadcast", GLI_SHAPE_OF(&in[0]->is),
                             GLI_SHAPE_OF(&in[n_in - 1]->is));
    gli_onnx_value *y = gli_onnx_constant(node, type, ndim, dim);
    if (!y) return NULL;
    for (int k = 0; k < n_in; ++k) x[k] = operand_of(in[k]->constant, ndim);
    compute_all(function, n_in, x, y->constant);
    return y;
}
