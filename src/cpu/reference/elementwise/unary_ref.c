/* Each function of one element, and its derivative from x or from y. Comparisons are written so that NaN goes through.
 * The kernels and the native loops spell the same formulas out again, on purpose: the reference shares no code with
 * what it judges. */
#include <math.h>

#include "core/provider.h"
#include "cpu/reference/ref.h"
#include "ops/elementwise/unary_geom.h"

static const double selu_scale = 1.0507009873554805, selu_alpha = 1.6732632423543772;
static const double sqrt_half = 0.70710678118654752440, inverse_sqrt_two_pi = 0.39894228040143267794;
static const double sqrt_two_over_pi = 0.79788456080286535588, gelu_cubic = 0.044715;

/* exp of a positive number is never taken, so that nothing overflows. */
static double sigmoid(double x) {
    const double e = exp(-fabs(x));
    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

/* log(1 + exp(x)) */
static double softplus(double x) { return (x > 0 ? x : x <= 0 ? 0 : x) + log1p(exp(-fabs(x))); }

static double clip(double x, double low, double high) { return x < low ? low : x > high ? high : x; }

/* The standard normal distribution function. */
static double phi(double x) { return 0.5 * erfc(-x * sqrt_half); }

/* (1 + tanh(...)) / 2 of gelu_tanh: the sum of 1 and a number near -1 would cancel. */
static double gelu_tanh_share(double x) { return sigmoid(2 * sqrt_two_over_pi * (x + gelu_cubic * x * x * x)); }

/* Beyond 1000 share (1 - share) is 0, and the square must not overflow. */
static double gelu_tanh_slope(double x) {
    const double in = clip(x, -1000, 1000), share = gelu_tanh_share(x);
    return share + share * (1 - share) * x * 2 * sqrt_two_over_pi * (1 + 3 * gelu_cubic * in * in);
}

static double value(glia_unary_kind kind, double alpha, double beta, double x) {
    switch (kind) {
        case GLIA_UNARY_LINEAR: return x;
        case GLIA_UNARY_STEP: return x > 0 ? 1 : x <= 0 ? 0 : x;
        case GLIA_UNARY_SIGMOID: return sigmoid(x);
        case GLIA_UNARY_TANH: return tanh(x);
        case GLIA_UNARY_RELU: return x <= 0 ? 0 : x;
        case GLIA_UNARY_LEAKY_RELU: return x > 0 ? x : alpha * x;
        case GLIA_UNARY_ELU: return x > 0 ? x : alpha * expm1(x);
        case GLIA_UNARY_SELU: return selu_scale * (x > 0 ? x : selu_alpha * expm1(x));
        case GLIA_UNARY_GELU: return x * phi(x);
        case GLIA_UNARY_GELU_TANH: return x * gelu_tanh_share(x);
        case GLIA_UNARY_SILU: return x * sigmoid(x);
        case GLIA_UNARY_SOFTPLUS: return softplus(alpha * x) / alpha;
        case GLIA_UNARY_SOFTSIGN: return x / (1 + fabs(x));
        case GLIA_UNARY_HARD_SIGMOID: return clip(alpha * x + beta, 0, 1);
        case GLIA_UNARY_HARD_SWISH: return x * clip(x / 6 + 0.5, 0, 1);
        case GLIA_UNARY_CLIP: return clip(x, alpha, beta);
        case GLIA_UNARY_EXP: return exp(x);
        case GLIA_UNARY_LOG: return log(x);
        case GLIA_UNARY_SQRT: return sqrt(x);
        case GLIA_UNARY_ABS: return fabs(x);
        case GLIA_UNARY_NEG: return -x;
        case GLIA_UNARY_SQUARE: return x * x;
        case GLIA_UNARY_SIN: return sin(x);
        case GLIA_UNARY_COS: return cos(x);
        case GLIA_UNARY_STOP_GRADIENT: return x;
        case GLIA_UNARY_COUNT: break;
    }
    return NAN;
}

static double derivative_from_y(const gli_unary_geom *g, double y) {
    switch (g->kind) {
        case GLIA_UNARY_SIGMOID: return y * (1 - y);
        case GLIA_UNARY_TANH: return 1 - y * y;
        case GLIA_UNARY_RELU: return y <= 0 ? 0 : 1;
        case GLIA_UNARY_LEAKY_RELU: return y > 0 ? 1 : g->alpha;
        case GLIA_UNARY_ELU: return y > 0 ? 1 : y + g->alpha;
        case GLIA_UNARY_SELU: return y > 0 ? selu_scale : y + selu_scale * selu_alpha;
        case GLIA_UNARY_SOFTPLUS: return -expm1(-g->alpha * y);
        case GLIA_UNARY_SOFTSIGN: return (1 - fabs(y)) * (1 - fabs(y));
        case GLIA_UNARY_HARD_SIGMOID: return y <= 0 || y >= 1 ? 0 : g->alpha;
        case GLIA_UNARY_EXP: return y;
        case GLIA_UNARY_SQRT: return 0.5 / y;
        default: return NAN;
    }
}

/* A long double, since its product with dy may fit a double where it does not. */
static long double derivative_from_x(const gli_unary_geom *g, double x) {
    switch (g->kind) {
        case GLIA_UNARY_SIGMOID: return sigmoid(x) * sigmoid(-x);
        case GLIA_UNARY_TANH: return 4 * sigmoid(2 * x) * sigmoid(-2 * x);
        case GLIA_UNARY_RELU: return x <= 0 ? 0 : 1;
        case GLIA_UNARY_LEAKY_RELU: return x > 0 ? 1 : g->alpha;
        case GLIA_UNARY_ELU: return x > 0 ? 1 : g->alpha * exp(x);
        case GLIA_UNARY_SELU: return selu_scale * (x > 0 ? 1 : selu_alpha * exp(x));
        case GLIA_UNARY_GELU: return phi(x) + x * inverse_sqrt_two_pi * exp(-0.5 * x * x);
        case GLIA_UNARY_GELU_TANH: return gelu_tanh_slope(x);
        case GLIA_UNARY_SILU: return sigmoid(x) * (1 + x * sigmoid(-x));
        case GLIA_UNARY_SOFTPLUS: return sigmoid(g->alpha * x);
        case GLIA_UNARY_SOFTSIGN: return 1 / ((1 + fabsl(x)) * (1 + fabsl(x)));
        case GLIA_UNARY_HARD_SIGMOID: {
            const double t = g->alpha * x + g->beta;
            return t <= 0 || t >= 1 ? 0 : g->alpha;
        }
        case GLIA_UNARY_HARD_SWISH: return x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5;
        case GLIA_UNARY_CLIP: return x < g->alpha || x > g->beta ? 0 : 1;
        case GLIA_UNARY_EXP: return exp(x);
        case GLIA_UNARY_LOG: return 1.0L / x;
        case GLIA_UNARY_SQRT: return 0.5 / sqrt(x);
        case GLIA_UNARY_ABS: return x > 0 ? 1 : x < 0 ? -1 : x;
        case GLIA_UNARY_SQUARE: return 2.0L * x;
        case GLIA_UNARY_SIN: return cos(x);
        case GLIA_UNARY_COS: return -sin(x);
        default: return NAN;
    }
}

static long double derivative(const gli_unary_geom *g, const double *const *in, int i) {
    switch (g->from) {
        case GLI_FROM_X: return derivative_from_x(g, in[GLI_UNARY_BACKWARD_X][i]);
        case GLI_FROM_Y: return derivative_from_y(g, in[GLI_UNARY_BACKWARD_Y][i]);
        case GLI_FROM_NEITHER: break;
    }
    return g->kind == GLIA_UNARY_STEP || g->kind == GLIA_UNARY_STOP_GRADIENT ? 0 : g->kind == GLIA_UNARY_NEG ? -1 : 1;
}

/* Whether the function is constant around the point, so that no gradient goes through it, NaN and infinity included.
 * Elsewhere a slope of 0 is a factor like others. */
static bool constant(const gli_unary_geom *g, const double *const *in, int i, double slope) {
    switch (g->kind) {
        case GLIA_UNARY_STEP:
        case GLIA_UNARY_STOP_GRADIENT:
        case GLIA_UNARY_RELU:
        case GLIA_UNARY_HARD_SIGMOID:
        case GLIA_UNARY_CLIP: return slope == 0;
        case GLIA_UNARY_HARD_SWISH: return in[GLI_UNARY_BACKWARD_X][i] <= -3;
        default: return false;
    }
}

static void unary(const void *geom, const double *const *in, double *const *out) {
    const gli_unary_geom *g = geom;
    for (int i = 0; i < g->count; ++i) out[0][i] = value(g->kind, g->alpha, g->beta, in[GLI_UNARY_X][i]);
}

static void unary_backward(const void *geom, const double *const *in, double *const *out) {
    const gli_unary_geom *g = geom;
    for (int i = 0; i < g->count; ++i) {
        const long double slope = derivative(g, in, i);
        out[0][i] = constant(g, in, i, (double)slope) ? 0 : (double)(slope * in[GLI_UNARY_BACKWARD_DY][i]);
    }
}

GLI_REF_PROVIDER(unary, unary);
GLI_REF_PROVIDER(unary_backward, unary_backward);
