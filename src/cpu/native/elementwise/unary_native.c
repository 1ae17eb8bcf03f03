/* The kinds that are a few operations or one exponential, at the speed of memory or near it. */
#include <math.h>

#include "core/provider.h"
#include "cpu/native/loops.h"
#include "cpu/native/vector_math.h"
#include "ops/elementwise/unary_geom.h"

/* Runs one expression of x, or of s and dy, over a row: y and x may be the same memory, never shifted against each
 * other, which is what the pragma promises. */
#define MAP(expression)                                 \
    if (unit) {                                         \
        GLI_IVDEP for (int64_t i = 0; i < count; ++i) { \
            const float x = from[i];                    \
            to[i]         = (expression);               \
        }                                               \
    } else {                                            \
        for (int64_t i = 0; i < count; ++i) {           \
            const float x     = from[i * stride[1]];    \
            to[i * stride[0]] = (expression);           \
        }                                               \
    }                                                   \
    break

GLI_CLONES static void unary_row(const void *arg, int64_t count, float *const *data, const int64_t *stride) {
    const gli_unary_geom *g = arg;
    float *to               = data[0];
    const float *from       = data[1];
    const float alpha = (float)g->alpha, beta = (float)g->beta;
    const bool unit = stride[0] == 1 && stride[1] == 1;
    switch (g->kind) {
        case GLIA_LINEAR: MAP(x);
        case GLIA_STEP: MAP(x > 0 ? 1 : x <= 0 ? 0 : x);
        case GLIA_SIGMOID: MAP(gli_sigmoid(x));
        case GLIA_TANH: MAP(gli_tanh(x));
        case GLIA_RELU: MAP(x <= 0 ? 0 : x);
        case GLIA_LEAKY_RELU: MAP(x > 0 ? x : alpha * x);
        case GLIA_GELU_TANH: MAP(0.5f * x * (1 + gli_tanh(0.797884561f * (x + 0.044715f * x * x * x))));
        case GLIA_SILU: MAP(x * gli_sigmoid(x));
        case GLIA_SOFTSIGN: MAP(x / (1 + gli_abs(x)));
        case GLIA_HARD_SIGMOID: MAP(alpha * x + beta < 0 ? 0 : alpha * x + beta > 1 ? 1 : alpha * x + beta);
        case GLIA_HARD_SWISH: MAP(x * (x < -3 ? 0 : x > 3 ? 1 : x * (1.0f / 6) + 0.5f));
        case GLIA_CLIP: MAP(x < alpha ? alpha : x > beta ? beta : x);
        case GLIA_EXP: MAP(gli_exp(x));
        case GLIA_SQRT: MAP(sqrtf(x));
        case GLIA_ABS: MAP(gli_abs(x));
        case GLIA_NEG: MAP(-x);
        case GLIA_SQUARE: MAP(x * x);
        default: break;
    }
}

static const char *decline_forward(const gli_call *call) {
    switch (((const gli_unary_geom *)call->geom)->kind) {
        case GLIA_ELU:
        case GLIA_SELU:
        case GLIA_GELU:
        case GLIA_SOFTPLUS:
        case GLIA_LOG: return "it has no elu, selu, gelu, softplus and log";
        default: return NULL;
    }
}

static glia_status run_forward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    gli_loops loops;
    gli_loops_init(&loops, 2, (const glia_tensor *[]){call->out[0], call->in[GLI_UNARY_X]});
    gli_loops_run(call->ctx, &loops, unary_row, call->geom);
    return GLIA_OK;
}

/* x stands for the input that the derivative is computed from, be it x or y. */
#define SLOPE(expression)                                                      \
    if (unit) {                                                                \
        GLI_IVDEP for (int64_t i = 0; i < count; ++i) {                        \
            const float x = from[i], dy = gradient[i];                         \
            to[i] = (expression);                                              \
        }                                                                      \
    } else {                                                                   \
        for (int64_t i = 0; i < count; ++i) {                                  \
            const float x = from[i * stride[2]], dy = gradient[i * stride[1]]; \
            to[i * stride[0]] = (expression);                                  \
        }                                                                      \
    }                                                                          \
    break

GLI_CLONES static void unary_backward_row_from_y(const void *arg, int64_t count, float *const *data,
                                                 const int64_t *stride) {
    const gli_unary_geom *g = arg;
    float *to               = data[0];
    const float *gradient = data[1], *from = data[2];
    const float alpha = (float)g->alpha;
    const bool unit   = stride[0] == 1 && stride[1] == 1 && stride[2] == 1;
    switch (g->kind) {
        case GLIA_SIGMOID: SLOPE(dy * (x * (1 - x)));
        case GLIA_TANH: SLOPE(dy * (1 - x * x));
        case GLIA_RELU: SLOPE(x <= 0 ? 0 : dy);
        case GLIA_LEAKY_RELU: SLOPE(x > 0 ? dy : alpha * dy);
        case GLIA_ELU: SLOPE(x > 0 ? dy : (x + alpha) * dy);
        case GLIA_SELU: SLOPE((x > 0 ? 1.05070099f : x + 1.75809934f) * dy);
        case GLIA_SOFTSIGN: SLOPE((1 - gli_abs(x)) * (1 - gli_abs(x)) * dy);
        case GLIA_HARD_SIGMOID: SLOPE(x <= 0 || x >= 1 ? 0 : alpha * dy);
        case GLIA_EXP: SLOPE(x * dy);
        case GLIA_SQRT: SLOPE(0.5f * dy / x);
        default: break;
    }
}

static inline float silu_slope(float x) {
    const float s = gli_sigmoid(x);
    return s * (1 + x * (1 - s));
}

static inline float gelu_tanh_slope(float x) {
    const float t = gli_tanh(0.797884561f * (x + 0.044715f * x * x * x));
    return 0.5f * (1 + t) + 0.5f * x * (1 - t * t) * 0.797884561f * (1 + 3 * 0.044715f * x * x);
}

GLI_CLONES static void unary_backward_row_from_x(const void *arg, int64_t count, float *const *data,
                                                 const int64_t *stride) {
    const gli_unary_geom *g = arg;
    float *to               = data[0];
    const float *gradient = data[1], *from = data[2];
    const float alpha = (float)g->alpha, beta = (float)g->beta;
    const bool unit = stride[0] == 1 && stride[1] == 1 && stride[2] == 1;
    switch (g->kind) {
        case GLIA_RELU: SLOPE(x <= 0 ? 0 : dy);
        case GLIA_LEAKY_RELU: SLOPE(x > 0 ? dy : alpha * dy);
        case GLIA_GELU_TANH: SLOPE(gelu_tanh_slope(x) * dy);
        case GLIA_SILU: SLOPE(silu_slope(x) * dy);
        case GLIA_SOFTSIGN: SLOPE(dy / ((1 + gli_abs(x)) * (1 + gli_abs(x))));
        case GLIA_HARD_SIGMOID: SLOPE(alpha * x + beta <= 0 || alpha * x + beta >= 1 ? 0 : alpha * dy);
        case GLIA_HARD_SWISH: SLOPE(x <= -3 ? 0 : x >= 3 ? dy : (x * (1.0f / 3) + 0.5f) * dy);
        case GLIA_CLIP: SLOPE(x < alpha || x > beta ? 0 : dy);
        case GLIA_LOG: SLOPE(dy / x);
        case GLIA_ABS: SLOPE(x > 0 ? dy : x < 0 ? -dy : x);
        case GLIA_SQUARE: SLOPE(2 * x * dy);
        default: break;
    }
}

static bool has(gli_unary_from from, glia_unary_kind kind) {
    switch (kind) {
        case GLIA_RELU:
        case GLIA_LEAKY_RELU:
        case GLIA_SOFTSIGN:
        case GLIA_HARD_SIGMOID: return from != GLI_FROM_NEITHER;
        case GLIA_SIGMOID:
        case GLIA_TANH:
        case GLIA_ELU:
        case GLIA_SELU:
        case GLIA_EXP:
        case GLIA_SQRT: return from == GLI_FROM_Y;
        case GLIA_GELU_TANH:
        case GLIA_SILU:
        case GLIA_HARD_SWISH:
        case GLIA_CLIP:
        case GLIA_LOG:
        case GLIA_ABS:
        case GLIA_SQUARE: return from == GLI_FROM_X;
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
