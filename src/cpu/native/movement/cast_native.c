/* Copies between layouts of any dtype; f32 to and from u8, bf16 and f16 where both tensors have the same order. */
#include "core/parallel.h"
#include "core/provider.h"
#include "cpu/native/halves.h"
#include "cpu/native/strided_copy.h"
#include "ops/movement/cast_geom.h"

enum { GRAIN = 1 << 14 };

typedef struct arrays {
    const void *x;
    void *y;
} arrays;

static void u8_to_f32(void *arg, int64_t begin, int64_t end) {
    const uint8_t *restrict x = ((arrays *)arg)->x;
    float *restrict y         = ((arrays *)arg)->y;
    for (int64_t i = begin; i < end; ++i) y[i] = (float)x[i];
}

/* NaN fails both comparisons and becomes 0. */
static void f32_to_u8(void *arg, int64_t begin, int64_t end) {
    const float *restrict x = ((arrays *)arg)->x;
    uint8_t *restrict y     = ((arrays *)arg)->y;
    for (int64_t i = begin; i < end; ++i) {
        const float above = x[i] > 0 ? x[i] : 0;
        y[i]              = (uint8_t)(int32_t)(above < 255 ? above : 255);
    }
}

static void bf16_to_f32(void *arg, int64_t begin, int64_t end) {
    gli_widen(GLIA_BF16, ((arrays *)arg)->x, ((arrays *)arg)->y, begin, end);
}

static void f16_to_f32(void *arg, int64_t begin, int64_t end) {
    gli_widen(GLIA_F16, ((arrays *)arg)->x, ((arrays *)arg)->y, begin, end);
}

static void f32_to_bf16(void *arg, int64_t begin, int64_t end) {
    gli_narrow(GLIA_BF16, ((arrays *)arg)->x, ((arrays *)arg)->y, begin, end);
}

static void f32_to_f16(void *arg, int64_t begin, int64_t end) {
    gli_narrow(GLIA_F16, ((arrays *)arg)->x, ((arrays *)arg)->y, begin, end);
}

typedef void (*conversion)(void *arg, int64_t begin, int64_t end);

static conversion conversion_of(const gli_cast_geom *g) {
    if (g->from == GLIA_U8 && g->to == GLIA_F32) return u8_to_f32;
    if (g->from == GLIA_F32 && g->to == GLIA_U8) return f32_to_u8;
    if (g->from == GLIA_BF16 && g->to == GLIA_F32) return bf16_to_f32;
    if (g->from == GLIA_F16 && g->to == GLIA_F32) return f16_to_f32;
    if (g->from == GLIA_F32 && g->to == GLIA_BF16) return f32_to_bf16;
    if (g->from == GLIA_F32 && g->to == GLIA_F16) return f32_to_f16;
    return NULL;
}

static const char *decline(const gli_call *call) {
    const gli_cast_geom *g = call->geom;
    const glia_tensor *x = call->in[GLI_CAST_X], *y = call->out[0];
    if (g->from == g->to) return NULL;
    if (!conversion_of(g)) return "it converts f32 to and from u8, bf16 and f16 only";
    if (!gli_is_packed(x) || !gli_same_strides(x, y)) return "the tensors have gaps or different layouts";
    return NULL;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_cast_geom *g = call->geom;
    const glia_tensor *x = call->in[GLI_CAST_X], *y = call->out[0];
    if (g->from == g->to)
        gli_copy_tensor(call->ctx, x, y);
    else
        gli_parallel(call->ctx, g->count, GRAIN, conversion_of(g), &(arrays){x->data, y->data});
    return GLIA_OK;
}

const gli_provider gli_cast_native = {.name = "cpu.native", .accepts = GLI_ACCEPTS_ALL, .decline = decline, .run = run};
