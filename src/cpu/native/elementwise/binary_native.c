/* Sums, differences, products, quotients, minima, maxima and comparisons of f32, with any broadcasting, at the speed of
 * memory. */
#include <math.h>

#include "core/provider.h"
#include "cpu/native/loops.h"
#include "cpu/native/vector_math.h"
#include "ops/elementwise/binary_geom.h"

/* The kind is a constant of each caller, so that the loop around it has one formula. */
GLI_INLINE float value(glia_binary_kind kind, float a, float b) {
    switch (kind) {
        case GLIA_BINARY_ADD: return a + b;
        case GLIA_BINARY_SUB: return a - b;
        case GLIA_BINARY_MUL: return a * b;
        case GLIA_BINARY_DIV: return a / b;
        case GLIA_BINARY_MINIMUM: return a < b || a != a ? a : b;
        case GLIA_BINARY_MAXIMUM: return a > b || a != a ? a : b;
        case GLIA_BINARY_EQUAL: return a == b ? 1.0f : 0.0f;
        case GLIA_BINARY_NOT_EQUAL: return a != b ? 1.0f : 0.0f;
        case GLIA_BINARY_LESS: return a < b ? 1.0f : 0.0f;
        case GLIA_BINARY_LESS_EQUAL: return a <= b ? 1.0f : 0.0f;
        case GLIA_BINARY_GREATER: return a > b ? 1.0f : 0.0f;
        case GLIA_BINARY_GREATER_EQUAL: return a >= b ? 1.0f : 0.0f;
        default: return NAN;
    }
}

/* A row of two arrays, of an array and one number, or of any strides. y may be the memory of a, see loops.h. */
GLI_INLINE void map(glia_binary_kind kind, int64_t count, float *const *data, const int64_t *stride) {
    float *y       = data[0];
    const float *a = data[1], *b = data[2];
    if (stride[0] == 1 && stride[1] == 1 && stride[2] == 1) {
        GLI_IVDEP
        for (int64_t i = 0; i < count; ++i) y[i] = value(kind, a[i], b[i]);
    } else if (stride[0] == 1 && stride[1] == 1 && stride[2] == 0) {
        const float number = b[0];
        GLI_IVDEP
        for (int64_t i = 0; i < count; ++i) y[i] = value(kind, a[i], number);
    } else {
        for (int64_t i = 0; i < count; ++i) y[i * stride[0]] = value(kind, a[i * stride[1]], b[i * stride[2]]);
    }
}

GLI_CLONES static void binary_row(const void *arg, int64_t count, float *const *data, const int64_t *stride) {
    switch (((const gli_binary_geom *)arg)->kind) {
        case GLIA_BINARY_ADD: map(GLIA_BINARY_ADD, count, data, stride); break;
        case GLIA_BINARY_SUB: map(GLIA_BINARY_SUB, count, data, stride); break;
        case GLIA_BINARY_MUL: map(GLIA_BINARY_MUL, count, data, stride); break;
        case GLIA_BINARY_DIV: map(GLIA_BINARY_DIV, count, data, stride); break;
        case GLIA_BINARY_MINIMUM: map(GLIA_BINARY_MINIMUM, count, data, stride); break;
        case GLIA_BINARY_MAXIMUM: map(GLIA_BINARY_MAXIMUM, count, data, stride); break;
        case GLIA_BINARY_EQUAL: map(GLIA_BINARY_EQUAL, count, data, stride); break;
        case GLIA_BINARY_NOT_EQUAL: map(GLIA_BINARY_NOT_EQUAL, count, data, stride); break;
        case GLIA_BINARY_LESS: map(GLIA_BINARY_LESS, count, data, stride); break;
        case GLIA_BINARY_LESS_EQUAL: map(GLIA_BINARY_LESS_EQUAL, count, data, stride); break;
        case GLIA_BINARY_GREATER: map(GLIA_BINARY_GREATER, count, data, stride); break;
        case GLIA_BINARY_GREATER_EQUAL: map(GLIA_BINARY_GREATER_EQUAL, count, data, stride); break;
        default: break;
    }
}

static const char *decline(const gli_call *call) {
    return ((const gli_binary_geom *)call->geom)->kind == GLIA_BINARY_POW ? "it has no pow" : NULL;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    gli_loops loops;
    gli_loops_init(&loops, 3, (const glia_tensor *[]){call->out[0], call->in[GLI_BINARY_A], call->in[GLI_BINARY_B]});
    gli_loops_run(call->ctx, &loops, binary_row, call->geom);
    return GLIA_OK;
}

const gli_provider gli_binary_native = {
    .name = "cpu.native", .accepts = {GLI_TAKES_F32, GLI_ANY_FORMAT}, .decline = decline, .run = run};
