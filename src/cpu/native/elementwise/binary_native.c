/* Sums, differences, products, quotients and extremes of f32, broadcast in any way, at the speed of memory. */
#include <math.h>

#include "core/provider.h"
#include "cpu/native/loops.h"
#include "cpu/native/vector_math.h"
#include "ops/elementwise/binary_geom.h"

/* Rows of two arrays, of an array and one number, and of anything else. y may be a's memory, see loops.h. */
#define PAIRS(expression)                                                  \
    if (unit && stride[1] == 1 && stride[2] == 1) {                        \
        GLI_IVDEP for (int64_t i = 0; i < count; ++i) {                    \
            const float a = left[i], b = right[i];                         \
            to[i] = (expression);                                          \
        }                                                                  \
    } else if (unit && stride[1] == 1 && stride[2] == 0) {                 \
        const float b = right[0];                                          \
        GLI_IVDEP for (int64_t i = 0; i < count; ++i) {                    \
            const float a = left[i];                                       \
            to[i]         = (expression);                                  \
        }                                                                  \
    } else {                                                               \
        for (int64_t i = 0; i < count; ++i) {                              \
            const float a = left[i * stride[1]], b = right[i * stride[2]]; \
            to[i * stride[0]] = (expression);                              \
        }                                                                  \
    }                                                                      \
    break

GLI_CLONES static void binary_row(const void *arg, int64_t count, float *const *data, const int64_t *stride) {
    float *to         = data[0];
    const float *left = data[1], *right = data[2];
    const bool unit = stride[0] == 1;
    switch (((const gli_binary_geom *)arg)->kind) {
        case GLIA_ADD: PAIRS(a + b);
        case GLIA_SUB: PAIRS(a - b);
        case GLIA_MUL: PAIRS(a * b);
        case GLIA_DIV: PAIRS(a / b);
        case GLIA_MINIMUM: PAIRS(a < b || a != a ? a : b);
        case GLIA_MAXIMUM: PAIRS(a > b || a != a ? a : b);
        default: break;
    }
}

static const char *decline(const gli_call *call) {
    return ((const gli_binary_geom *)call->geom)->kind == GLIA_POW ? "it has no pow" : NULL;
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
