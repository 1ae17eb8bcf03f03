/* The kinds that are a few operations or one exponential, at the speed of memory or near it. */
#include <math.h>

#include "core/provider.h"
#include "cpu/native/elementwise/circular.h"
#include "cpu/native/elementwise/activate.h"
#include "cpu/native/loops.h"
#include "cpu/native/vector_math.h"
#include "ops/elementwise/unary_geom.h"

static inline float gelu_tanh_share(float x) { return gli_sigmoid(2 * 0.797884561f * (x + 0.044715f * x * x * x)); }

/* In two factors: at -88 the sigmoid has no normal float, and its product with x has. */
static inline float silu(float x) {
    const float half = gli_exp(-0.5f * gli_abs(x)), rest = 1 + half * half;
    return x < 0 ? x * half * (half / rest) : x / rest;
}

/* f(x). The kind is a constant of each caller, so that the loop around it has one formula. */
GLI_INLINE float value(glia_unary_kind kind, float alpha, float beta, float x) {
    switch (kind) {
        case GLIA_UNARY_LINEAR: return x;
        case GLIA_UNARY_STEP: return x > 0 ? 1 : x <= 0 ? 0 : x;
        case GLIA_UNARY_SIGMOID: return gli_sigmoid(x);
        case GLIA_UNARY_TANH: return gli_tanh(x);
        case GLIA_UNARY_RELU: return x <= 0 ? 0 : x;
        case GLIA_UNARY_LEAKY_RELU: return x > 0 ? x : alpha * x;
        case GLIA_UNARY_ELU: return x > 0 ? x : alpha * gli_expm1(x);
        case GLIA_UNARY_SELU: return x > 0 ? 1.05070099f * x : 1.75809934f * gli_expm1(x);
        case GLIA_UNARY_GELU: return gli_gelu(x);
        case GLIA_UNARY_GELU_TANH: return x * gelu_tanh_share(x);
        case GLIA_UNARY_SILU: return silu(x);
        case GLIA_UNARY_SOFTSIGN: return x / (1 + gli_abs(x));
        case GLIA_UNARY_HARD_SIGMOID: return alpha * x + beta < 0 ? 0 : alpha * x + beta > 1 ? 1 : alpha * x + beta;
        case GLIA_UNARY_HARD_SWISH: return x * (x < -3 ? 0 : x > 3 ? 1 : x * (1.0f / 6) + 0.5f);
        case GLIA_UNARY_CLIP: return x < alpha ? alpha : x > beta ? beta : x;
        case GLIA_UNARY_EXP: return gli_exp(x);
        case GLIA_UNARY_SQRT: return sqrtf(x);
        case GLIA_UNARY_ABS: return gli_abs(x);
        case GLIA_UNARY_NEG: return -x;
        case GLIA_UNARY_SQUARE: return x * x;
        case GLIA_UNARY_STOP_GRADIENT: return x;
        default: return NAN;
    }
}

/* A row of y = f(x); y may be the memory of x. */
GLI_INLINE void map(glia_unary_kind kind, const gli_unary_geom *g, int64_t count, float *const *data,
                    const int64_t *stride) {
    const float alpha = (float)g->alpha, beta = (float)g->beta, *x = data[1];
    float *y = data[0];
    if (stride[0] == 1 && stride[1] == 1) {
        GLI_IVDEP
        for (int64_t i = 0; i < count; ++i) y[i] = value(kind, alpha, beta, x[i]);
    } else {
        for (int64_t i = 0; i < count; ++i) y[i * stride[0]] = value(kind, alpha, beta, x[i * stride[1]]);
    }
}

/* A row of sin, plus so many quarters of a turn, of the last array; times dy where there is one between. */
GLI_INLINE void circular_row(int64_t count, float *const *data, const int64_t *stride, int quarters, bool backward) {
    const int last     = backward ? 2 : 1;
    const float *angle = data[last], *dy = data[1];
    const bool unit = stride[0] == 1 && stride[1] == 1 && stride[last] == 1;
    float *y        = data[0];
    int large       = !unit;
    for (int64_t i = 0; i < count && unit; ++i) large |= gli_is_large_angle(angle[i]);
    if (!large && backward) {
        GLI_IVDEP
        for (int64_t i = 0; i < count; ++i) y[i] = gli_circular(angle[i], quarters) * dy[i];
    } else if (!large) {
        GLI_IVDEP
        for (int64_t i = 0; i < count; ++i) y[i] = gli_circular(angle[i], quarters);
    } else {
        for (int64_t i = 0; i < count; ++i)
            y[i * stride[0]] = gli_circular_any(angle[i * stride[last]], quarters) * (backward ? dy[i * stride[1]] : 1);
    }
}

GLI_CLONES static void unary_row(const void *arg, int64_t count, float *const *data, const int64_t *stride) {
    const gli_unary_geom *g = arg;
    switch (g->kind) {
        case GLIA_UNARY_LINEAR: map(GLIA_UNARY_LINEAR, g, count, data, stride); break;
        case GLIA_UNARY_STEP: map(GLIA_UNARY_STEP, g, count, data, stride); break;
        case GLIA_UNARY_SIGMOID: map(GLIA_UNARY_SIGMOID, g, count, data, stride); break;
        case GLIA_UNARY_TANH: map(GLIA_UNARY_TANH, g, count, data, stride); break;
        case GLIA_UNARY_RELU: map(GLIA_UNARY_RELU, g, count, data, stride); break;
        case GLIA_UNARY_LEAKY_RELU: map(GLIA_UNARY_LEAKY_RELU, g, count, data, stride); break;
        case GLIA_UNARY_ELU: map(GLIA_UNARY_ELU, g, count, data, stride); break;
        case GLIA_UNARY_SELU: map(GLIA_UNARY_SELU, g, count, data, stride); break;
        case GLIA_UNARY_GELU: map(GLIA_UNARY_GELU, g, count, data, stride); break;
        case GLIA_UNARY_GELU_TANH: map(GLIA_UNARY_GELU_TANH, g, count, data, stride); break;
        case GLIA_UNARY_SILU: map(GLIA_UNARY_SILU, g, count, data, stride); break;
        case GLIA_UNARY_SOFTSIGN: map(GLIA_UNARY_SOFTSIGN, g, count, data, stride); break;
        case GLIA_UNARY_HARD_SIGMOID: map(GLIA_UNARY_HARD_SIGMOID, g, count, data, stride); break;
        case GLIA_UNARY_HARD_SWISH: map(GLIA_UNARY_HARD_SWISH, g, count, data, stride); break;
        case GLIA_UNARY_CLIP: map(GLIA_UNARY_CLIP, g, count, data, stride); break;
        case GLIA_UNARY_EXP: map(GLIA_UNARY_EXP, g, count, data, stride); break;
        case GLIA_UNARY_SQRT: map(GLIA_UNARY_SQRT, g, count, data, stride); break;
        case GLIA_UNARY_ABS: map(GLIA_UNARY_ABS, g, count, data, stride); break;
        case GLIA_UNARY_NEG: map(GLIA_UNARY_NEG, g, count, data, stride); break;
        case GLIA_UNARY_SQUARE: map(GLIA_UNARY_SQUARE, g, count, data, stride); break;
        case GLIA_UNARY_SIN: circular_row(count, data, stride, 0, false); break;
        case GLIA_UNARY_COS: circular_row(count, data, stride, 1, false); break;
        case GLIA_UNARY_STOP_GRADIENT: map(GLIA_UNARY_STOP_GRADIENT, g, count, data, stride); break;
        default: break;
    }
}

bool gli_unary_has_floats(glia_unary_kind kind) { return kind != GLIA_UNARY_SOFTPLUS && kind != GLIA_UNARY_LOG; }

static const char *decline_forward(const gli_call *call) {
    const gli_unary_geom *g = call->geom;
    return gli_unary_has_floats(g->kind) ? NULL : "it has no softplus and log";
}

static glia_status run_forward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    gli_loops loops;
    gli_loops_init(&loops, 2, (const glia_tensor *[]){call->out[0], call->in[GLI_UNARY_X]});
    gli_loops_run(call->ctx, &loops, unary_row, call->geom);
    return GLIA_OK;
}

void gli_unary_floats(const gli_unary_geom *g, int64_t count, const float *x, float *y) {
    float *const data[] = {y, (float *)x};
    unary_row(g, count, data, (const int64_t[]){1, 1});
}

void gli_activate_tensor(const glia_context *ctx, glia_unary_kind kind, const glia_tensor *y) {
    const gli_unary_geom g = {.kind = kind};
    gli_loops loops;
    gli_loops_init(&loops, 2, (const glia_tensor *[]){y, y});
    gli_loops_run(ctx, &loops, unary_row, &g);
}

/* 1 minus a value near it would cancel. */
static inline float sigmoid_slope(float x) {
    const float e = gli_exp(-gli_abs(x));
    return e / ((1 + e) * (1 + e));
}

static inline float tanh_slope(float x) { return 4 * sigmoid_slope(2 * x); }

static inline float gelu_slope(float x) {
    const gli_normal normal = gli_normal_at(x);
    return normal.share + x * normal.density;
}

/* sigmoid(x) (1 + x sigmoid(-x)), in two factors as silu. */
static inline float silu_slope(float x) {
    const float half = gli_exp(-0.5f * gli_abs(x)), e = half * half, larger = 1 / (1 + e);
    return x < 0 ? half * (half * larger * (1 + x * larger)) : larger * (1 + x * (e * larger));
}

/* Beyond 1000 share (1 - share) is 0, and the square must not overflow. */
static inline float gelu_tanh_slope(float x) {
    const float in = x < -1000 ? -1000 : x > 1000 ? 1000 : x, share = gelu_tanh_share(x);
    return share + share * (1 - share) * x * (2 * 0.797884561f) * (1 + 3 * 0.044715f * in * in);
}

/* dx = dy f'(x), from y or from x. No factor overflows where dx does not. The kind is a constant, as in `value`. */
GLI_INLINE float gradient_from_y(glia_unary_kind kind, float alpha, float y, float dy) {
    switch (kind) {
        case GLIA_UNARY_SIGMOID: return dy * (y * (1 - y));
        case GLIA_UNARY_TANH: return dy * (1 - y * y);
        case GLIA_UNARY_RELU: return y <= 0 ? 0 : dy;
        case GLIA_UNARY_LEAKY_RELU: return y > 0 ? dy : alpha * dy;
        case GLIA_UNARY_ELU: return y > 0 ? dy : (y + alpha) * dy;
        case GLIA_UNARY_SELU: return (y > 0 ? 1.05070099f : y + 1.75809934f) * dy;
        case GLIA_UNARY_SOFTSIGN: return (1 - gli_abs(y)) * (1 - gli_abs(y)) * dy;
        case GLIA_UNARY_HARD_SIGMOID: return y <= 0 || y >= 1 ? 0 : alpha * dy;
        case GLIA_UNARY_EXP: return y * dy;
        case GLIA_UNARY_SQRT: return 0.5f * dy / y;
        default: return NAN;
    }
}

GLI_INLINE float gradient_from_x(glia_unary_kind kind, float alpha, float beta, float x, float dy) {
    switch (kind) {
        case GLIA_UNARY_SIGMOID: return sigmoid_slope(x) * dy;
        case GLIA_UNARY_TANH: return tanh_slope(x) * dy;
        case GLIA_UNARY_RELU: return x <= 0 ? 0 : dy;
        case GLIA_UNARY_LEAKY_RELU: return x > 0 ? dy : alpha * dy;
        case GLIA_UNARY_GELU: return gelu_slope(x) * dy;
        case GLIA_UNARY_GELU_TANH: return gelu_tanh_slope(x) * dy;
        case GLIA_UNARY_SILU: return silu_slope(x) * dy;
        case GLIA_UNARY_SOFTSIGN: return dy / (1 + gli_abs(x)) / (1 + gli_abs(x));
        case GLIA_UNARY_HARD_SIGMOID: return alpha * x + beta <= 0 || alpha * x + beta >= 1 ? 0 : alpha * dy;
        case GLIA_UNARY_HARD_SWISH: return x <= -3 ? 0 : x >= 3 ? dy : (x * (1.0f / 3) + 0.5f) * dy;
        case GLIA_UNARY_CLIP: return x < alpha || x > beta ? 0 : dy;
        case GLIA_UNARY_LOG: return dy / x;
        case GLIA_UNARY_ABS: return x > 0 ? dy : x < 0 ? -dy : x * dy;
        case GLIA_UNARY_SQUARE: return x * dy * 2;
        default: return NAN;
    }
}

/* A row of dx; it may be the memory of dy or of the other input, which is x or y. */
GLI_INLINE void map_backward(glia_unary_kind kind, gli_unary_from from, const gli_unary_geom *g, int64_t count,
                             float *const *data, const int64_t *stride) {
    const float alpha = (float)g->alpha, beta = (float)g->beta, *dy = data[1], *input = data[2];
    float *dx       = data[0];
    const bool unit = stride[0] == 1 && stride[1] == 1 && stride[2] == 1;
    if (unit && from == GLI_FROM_Y) {
        GLI_IVDEP
        for (int64_t i = 0; i < count; ++i) dx[i] = gradient_from_y(kind, alpha, input[i], dy[i]);
    } else if (unit) {
        GLI_IVDEP
        for (int64_t i = 0; i < count; ++i) dx[i] = gradient_from_x(kind, alpha, beta, input[i], dy[i]);
    } else {
        for (int64_t i = 0; i < count; ++i) {
            const float in = input[i * stride[2]], d = dy[i * stride[1]];
            dx[i * stride[0]] =
                from == GLI_FROM_Y ? gradient_from_y(kind, alpha, in, d) : gradient_from_x(kind, alpha, beta, in, d);
        }
    }
}

GLI_CLONES static void unary_backward_row_from_y(const void *arg, int64_t count, float *const *data,
                                                 const int64_t *stride) {
    const gli_unary_geom *g = arg;
    switch (g->kind) {
        case GLIA_UNARY_SIGMOID: map_backward(GLIA_UNARY_SIGMOID, GLI_FROM_Y, g, count, data, stride); break;
        case GLIA_UNARY_TANH: map_backward(GLIA_UNARY_TANH, GLI_FROM_Y, g, count, data, stride); break;
        case GLIA_UNARY_RELU: map_backward(GLIA_UNARY_RELU, GLI_FROM_Y, g, count, data, stride); break;
        case GLIA_UNARY_LEAKY_RELU: map_backward(GLIA_UNARY_LEAKY_RELU, GLI_FROM_Y, g, count, data, stride); break;
        case GLIA_UNARY_ELU: map_backward(GLIA_UNARY_ELU, GLI_FROM_Y, g, count, data, stride); break;
        case GLIA_UNARY_SELU: map_backward(GLIA_UNARY_SELU, GLI_FROM_Y, g, count, data, stride); break;
        case GLIA_UNARY_SOFTSIGN: map_backward(GLIA_UNARY_SOFTSIGN, GLI_FROM_Y, g, count, data, stride); break;
        case GLIA_UNARY_HARD_SIGMOID: map_backward(GLIA_UNARY_HARD_SIGMOID, GLI_FROM_Y, g, count, data, stride); break;
        case GLIA_UNARY_EXP: map_backward(GLIA_UNARY_EXP, GLI_FROM_Y, g, count, data, stride); break;
        case GLIA_UNARY_SQRT: map_backward(GLIA_UNARY_SQRT, GLI_FROM_Y, g, count, data, stride); break;
        default: break;
    }
}

GLI_CLONES static void unary_backward_row_from_x(const void *arg, int64_t count, float *const *data,
                                                 const int64_t *stride) {
    const gli_unary_geom *g = arg;
    switch (g->kind) {
        case GLIA_UNARY_SIGMOID: map_backward(GLIA_UNARY_SIGMOID, GLI_FROM_X, g, count, data, stride); break;
        case GLIA_UNARY_TANH: map_backward(GLIA_UNARY_TANH, GLI_FROM_X, g, count, data, stride); break;
        case GLIA_UNARY_RELU: map_backward(GLIA_UNARY_RELU, GLI_FROM_X, g, count, data, stride); break;
        case GLIA_UNARY_LEAKY_RELU: map_backward(GLIA_UNARY_LEAKY_RELU, GLI_FROM_X, g, count, data, stride); break;
        case GLIA_UNARY_GELU: map_backward(GLIA_UNARY_GELU, GLI_FROM_X, g, count, data, stride); break;
        case GLIA_UNARY_GELU_TANH: map_backward(GLIA_UNARY_GELU_TANH, GLI_FROM_X, g, count, data, stride); break;
        case GLIA_UNARY_SILU: map_backward(GLIA_UNARY_SILU, GLI_FROM_X, g, count, data, stride); break;
        case GLIA_UNARY_SOFTSIGN: map_backward(GLIA_UNARY_SOFTSIGN, GLI_FROM_X, g, count, data, stride); break;
        case GLIA_UNARY_HARD_SIGMOID: map_backward(GLIA_UNARY_HARD_SIGMOID, GLI_FROM_X, g, count, data, stride); break;
        case GLIA_UNARY_HARD_SWISH: map_backward(GLIA_UNARY_HARD_SWISH, GLI_FROM_X, g, count, data, stride); break;
        case GLIA_UNARY_CLIP: map_backward(GLIA_UNARY_CLIP, GLI_FROM_X, g, count, data, stride); break;
        case GLIA_UNARY_LOG: map_backward(GLIA_UNARY_LOG, GLI_FROM_X, g, count, data, stride); break;
        case GLIA_UNARY_ABS: map_backward(GLIA_UNARY_ABS, GLI_FROM_X, g, count, data, stride); break;
        case GLIA_UNARY_SQUARE: map_backward(GLIA_UNARY_SQUARE, GLI_FROM_X, g, count, data, stride); break;
        case GLIA_UNARY_SIN: circular_row(count, data, stride, 1, true); break;
        case GLIA_UNARY_COS: circular_row(count, data, stride, 2, true); break;
        default: break;
    }
}

void gli_activate_backward_tensor(const glia_context *ctx, glia_unary_kind kind, const glia_tensor *y,
                                  const glia_tensor *dx) {
    const gli_unary_geom g = {.kind = kind};
    gli_loops loops;
    gli_loops_init(&loops, 3, (const glia_tensor *[]){dx, dx, y});
    gli_loops_run(ctx, &loops, unary_backward_row_from_y, &g);
}

static bool has(gli_unary_from from, glia_unary_kind kind) {
    switch (kind) {
        case GLIA_UNARY_SIGMOID:
        case GLIA_UNARY_TANH:
        case GLIA_UNARY_RELU:
        case GLIA_UNARY_LEAKY_RELU:
        case GLIA_UNARY_SOFTSIGN:
        case GLIA_UNARY_HARD_SIGMOID: return from != GLI_FROM_NEITHER;
        case GLIA_UNARY_ELU:
        case GLIA_UNARY_SELU:
        case GLIA_UNARY_EXP:
        case GLIA_UNARY_SQRT: return from == GLI_FROM_Y;
        case GLIA_UNARY_GELU:
        case GLIA_UNARY_GELU_TANH:
        case GLIA_UNARY_SILU:
        case GLIA_UNARY_HARD_SWISH:
        case GLIA_UNARY_CLIP:
        case GLIA_UNARY_LOG:
        case GLIA_UNARY_ABS:
        case GLIA_UNARY_SQUARE:
        case GLIA_UNARY_SIN:
        case GLIA_UNARY_COS: return from == GLI_FROM_X;
        default: return false;
    }
}

static const char *decline_backward(const gli_call *call) {
    const gli_unary_geom *g = call->geom;
    if (!has(g->from, g->kind)) return "it does not have the derivative of this kind from this input";
    return NULL;
}

static glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_unary_geom *g = call->geom;
    const bool from_y       = g->from == GLI_FROM_Y;
    const glia_tensor *from = call->in[from_y ? GLI_UNARY_BACKWARD_Y : GLI_UNARY_BACKWARD_X];
    gli_loops loops;
    gli_loops_init(&loops, 3, (const glia_tensor *[]){call->out[0], call->in[GLI_UNARY_BACKWARD_DY], from});
    gli_loops_run(call->ctx, &loops, from_y ? unary_backward_row_from_y : unary_backward_row_from_x, g);
    return GLIA_OK;
}

const gli_provider gli_unary_native = {
    .name = "cpu.native", .accepts = {GLI_TAKES_F32, GLI_ANY_FORMAT}, .decline = decline_forward, .run = run_forward};
const gli_provider gli_unary_backward_native = {
    .name = "cpu.native", .accepts = {GLI_TAKES_F32, GLI_ANY_FORMAT}, .decline = decline_backward, .run = run_backward};
