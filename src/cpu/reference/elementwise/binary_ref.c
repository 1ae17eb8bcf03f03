/* The binary functions, broadcast, and their derivatives. The kernels and the native loops spell the same formulas out
 * again, on purpose: the reference shares no code with what it judges. */
#include "ops/elementwise/binary_geom.h"

#include <math.h>

#include "core/provider.h"
#include "cpu/reference/ref.h"

/* Row-major index in a or b of the element that element i of y is computed from. */
static int input_of(const gli_binary_geom *g, unsigned repeated, int i) {
    int input = 0, step = 1;
    for (int d = g->ndim - 1; d >= 0; --d) {
        const int index = i % g->dim[d];
        i /= g->dim[d];
        if (repeated >> d & 1) continue;
        input += index * step;
        step *= g->dim[d];
    }
    return input;
}

static double value(glia_binary_kind kind, double a, double b) {
    switch (kind) {
        case GLIA_BINARY_ADD: return a + b;
        case GLIA_BINARY_SUB: return a - b;
        case GLIA_BINARY_MUL: return a * b;
        case GLIA_BINARY_DIV: return a / b;
        case GLIA_BINARY_POW: return pow(a, b);
        case GLIA_BINARY_MINIMUM: return a < b || isnan(a) ? a : b;
        case GLIA_BINARY_MAXIMUM: return a > b || isnan(a) ? a : b;
        case GLIA_BINARY_EQUAL: return a == b;
        case GLIA_BINARY_NOT_EQUAL: return a != b;
        case GLIA_BINARY_LESS: return a < b;
        case GLIA_BINARY_LESS_EQUAL: return a <= b;
        case GLIA_BINARY_GREATER: return a > b;
        case GLIA_BINARY_GREATER_EQUAL: return a >= b;
    }
    return NAN;
}

/* What is no double may have a product with dy that is. */
static long double power(double a, double b) {
    const double usual = pow(a, b);
    return isnormal(usual) ? usual : powl(a, b);
}

/* a to the power of b - 1. Where b is so large that b - 1 has no number, b is even, and so is what b - 1 becomes. */
static long double pow_less_one(double a, double b) {
    const double less = b - 1;
    return a < 0 && fabs(b - less - 1) > 0.5 ? -power(a, less) : power(a, less);
}

static long double gradient_a(glia_binary_kind kind, double a, double b, long double dy) {
    switch (kind) {
        case GLIA_BINARY_ADD:
        case GLIA_BINARY_SUB: return dy;
        case GLIA_BINARY_MUL: return dy * b;
        case GLIA_BINARY_DIV: return dy / b;
        case GLIA_BINARY_POW: return b == 0 ? 0 : dy * b * pow_less_one(a, b);
        case GLIA_BINARY_MINIMUM: return a > b ? 0 : a == b ? dy / 2 : dy;
        case GLIA_BINARY_MAXIMUM: return a < b ? 0 : a == b ? dy / 2 : dy;
        default: return 0; /* comparisons */
    }
    return NAN;
}

static long double gradient_b(glia_binary_kind kind, double a, double b, long double dy) {
    switch (kind) {
        case GLIA_BINARY_ADD: return dy;
        case GLIA_BINARY_SUB: return -dy;
        case GLIA_BINARY_MUL: return dy * a;
        case GLIA_BINARY_DIV: return -dy * a / ((long double)b * b);
        case GLIA_BINARY_POW: return a == 0 && b >= 0 ? 0 : dy * power(a, b) * log(a);
        case GLIA_BINARY_MINIMUM: return b > a ? 0 : a == b ? dy / 2 : dy;
        case GLIA_BINARY_MAXIMUM: return b < a ? 0 : a == b ? dy / 2 : dy;
        default: return 0; /* comparisons */
    }
    return NAN;
}

static void binary(const void *geom, const double *const *in, double *const *out) {
    const gli_binary_geom *g = geom;
    for (int i = 0; i < g->count; ++i)
        out[0][i] = value(g->kind, in[GLI_BINARY_A][input_of(g, g->a_repeated, i)],
                          in[GLI_BINARY_B][input_of(g, g->b_repeated, i)]);
}

/* The sums of scale times the gradients. */
static void sums(const gli_binary_geom *g, const double *const *in, double scale, double *da, double *db) {
    for (int i = 0; da && i < g->a_count; ++i) da[i] = 0;
    for (int i = 0; db && i < g->b_count; ++i) db[i] = 0;
    for (int i = 0; i < g->count; ++i) {
        const int in_a = input_of(g, g->a_repeated, i), in_b = input_of(g, g->b_repeated, i);
        const double a = in[GLI_BINARY_A][in_a], b = in[GLI_BINARY_B][in_b], dy = in[GLI_BINARY_DY][i];
        if (da) da[in_a] += (double)(scale * gradient_a(g->kind, a, b, dy));
        if (db) db[in_b] += (double)(scale * gradient_b(g->kind, a, b, dy));
    }
}

static bool are_finite(const double *x, int count) {
    for (int i = 0; x && i < count; ++i)
        if (!isfinite(x[i])) return false;
    return true;
}

/* Where doubles overflow, once more from scaled ones. */
static void binary_backward(const void *geom, const double *const *in, double *const *out) {
    const gli_binary_geom *g = geom;
    const double down        = 0x1p-64;
    double *da = out[GLI_BINARY_DA], *db = out[GLI_BINARY_DB];
    sums(g, in, 1, da, db);
    if (are_finite(da, g->a_count) && are_finite(db, g->b_count)) return;
    sums(g, in, down, da, db);
    for (int i = 0; da && i < g->a_count; ++i) da[i] /= down;
    for (int i = 0; db && i < g->b_count; ++i) db[i] /= down;
}

GLI_REF_PROVIDER(binary, binary);
GLI_REF_PROVIDER(binary_backward, binary_backward);
