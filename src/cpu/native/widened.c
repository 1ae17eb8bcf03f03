/* Calls of bf16 and f16 in f32: what is half is widened into the workspace, the next best provider that takes f32
 * computes, and its results are rounded once. One provider for all ops; what an op computes does not depend on it. */
#include <stdint.h>

#include "core/parallel.h"
#include "core/provider.h"
#include "core/size.h"
#include "cpu/cpu_providers.h"
#include "cpu/element_index.h"
#include "cpu/native/halves.h"

enum { GRAIN = 1 << 14 };

/* The call in f32. Its tensors are those of the call but for halves, which are in the workspace: dense, or with the
 * strides that they have, where they are packed and the op saves nothing. */
typedef struct wide_call {
    gli_call call;
    glia_tensor in[GLI_MAX_IN], out[GLI_MAX_OUT];
    size_t bytes; /* of the workspace */
} wide_call;

typedef struct state {
    glia_context *ctx;
    gli_choice choice;
} state;

/* Ops with a saved output: what computes forward has to compute backward, so that nothing but the geometry, which both
 * calls have, may decide who does. */
static bool saves(const gli_op *op) { return gli_saved_output(op) >= 0 || gli_saved_input(op) >= 0; }

static bool widen_tensor(const glia_tensor *x, bool dense, char *base, size_t *bytes, glia_tensor *wide) {
    size_t own;
    gli_set_shape(wide, GLIA_F32, x->ndim, x->dim);
    if (!dense && gli_is_packed(x))
        for (int d = 0; d < x->ndim; ++d) wide->stride[d] = x->stride[d];
    wide->ctx  = x->ctx;
    wide->data = base + *bytes;
    return gli_mul_size((size_t)gli_count(x), sizeof(float), &own) &&
           gli_add_size(*bytes, gli_align_up(own, GLI_ALIGNMENT), bytes);
}

static bool lay_out(const gli_call *call, char *base, wide_call *w) {
    const bool dense = saves(call->op);
    bool fits        = true;
    *w               = (wide_call){.call = *call};
    for (int i = 0; i < call->n_in; ++i) {
        if (!call->in[i] || !gli_dtype_is_half(call->in[i]->dtype) || gli_input_is(call->op, i, GLI_IN_HALF)) continue;
        fits          = fits && widen_tensor(call->in[i], dense, base, &w->bytes, &w->in[i]);
        w->call.in[i] = &w->in[i];
    }
    for (int o = 0; o < call->op->n_outputs; ++o) {
        if (!call->out[o] || !gli_dtype_is_half(call->out[o]->dtype) || gli_output_is(call->op, o, GLI_OUT_HALF))
            continue;
        fits           = fits && widen_tensor(call->out[o], dense, base, &w->bytes, &w->out[o]);
        w->call.out[o] = &w->out[o];
    }
    return fits;
}

/* A tensor and its copy in f32, which is dense or has the same strides. */
typedef struct pair {
    const glia_tensor *half, *wide;
} pair;

static bool is_flat(const pair *p) { return gli_is_packed(p->half) && gli_same_strides(p->half, p->wide); }

static void widen(void *arg, int64_t begin, int64_t end) {
    const pair *p = arg;
    if (is_flat(p)) {
        gli_widen(p->half->dtype, p->half->data, p->wide->data, begin, end);
        return;
    }
    for (int64_t i = begin; i < end; ++i)
        gli_store(GLIA_F32, p->wide->data, i, gli_load(p->half->dtype, p->half->data, gli_element_offset(p->half, i)));
}

static void narrow(void *arg, int64_t begin, int64_t end) {
    const pair *p = arg;
    if (is_flat(p)) {
        gli_narrow(p->half->dtype, p->wide->data, p->half->data, begin, end);
        return;
    }
    for (int64_t i = begin; i < end; ++i)
        gli_store(p->half->dtype, p->half->data, gli_element_offset(p->half, i), gli_load(GLIA_F32, p->wide->data, i));
}

static const char *decline(const gli_call *call) {
    for (int i = 0; i < call->n_in; ++i)
        if (call->in[i] && call->in[i]->dtype == GLIA_F64) return "some of its data is f64";
    if (!saves(call->op)) return NULL;
    for (int i = 0; i < call->n_in; ++i)
        if (call->in[i] && gli_input_is(call->op, i, GLI_IN_WIDE) && !gli_is_dense(call->in[i]))
            return "what is f32 is not row-major";
    for (int o = 0; o < call->op->n_outputs; ++o)
        if (call->out[o] && gli_output_is(call->op, o, GLI_OUT_WIDE) && !gli_is_dense(call->out[o]))
            return "what is f32 is not row-major";
    return NULL;
}

static void release(gli_prepared *prepared) {
    state *s = prepared->state;
    if (!s) return;
    gli_choice_free(s->ctx, &s->choice);
    gli_free(s->ctx, s, 1, sizeof *s);
    *prepared = (gli_prepared){0};
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    wide_call w;
    void *memory;
    /* Before there is a workspace, tensors need addresses: they tell providers what is there, and how it is aligned. */
    char *const nowhere = (char *)(uintptr_t)GLI_ALIGNMENT;
    GLI_REQUIRE(call->ctx, lay_out(call, nowhere, &w), GLIA_OUT_OF_MEMORY,
                "%s: its tensors in f32 need more memory than there can be", call->op->name);
    GLI_TRY(gli_new(call->ctx, 1, sizeof(state), "a call in f32", &memory));
    state *s                 = memory;
    s->ctx                   = call->ctx;
    const glia_status status = gli_choose_any(&w.call, &s->choice);
    if (status != GLIA_OK) return gli_free(call->ctx, s, 1, sizeof *s), status;
    out->state = s;
    out->saved = s->choice.prepared.saved;
    if (gli_add_size(w.bytes + GLI_ALIGNMENT, s->choice.prepared.workspace, &out->workspace)) return GLIA_OK;
    release(out);
    return gli_fail(call->ctx, GLIA_OUT_OF_MEMORY, "%s: its tensors in f32 need more memory than there can be",
                    call->op->name);
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    const state *s = prepared->state;
    char *base     = (char *)gli_align_up((uintptr_t)workspace, GLI_ALIGNMENT);
    wide_call w;
    lay_out(call, base, &w);
    for (int i = 0; i < call->n_in; ++i)
        if (w.call.in[i] != call->in[i])
            gli_parallel(call->ctx, gli_count(call->in[i]), GRAIN, widen, &(pair){call->in[i], w.call.in[i]});
    GLI_TRY(s->choice.provider->run(&w.call, &s->choice.prepared, base + w.bytes));
    for (int o = 0; o < call->op->n_outputs; ++o)
        if (w.call.out[o] != call->out[o])
            gli_parallel(call->ctx, gli_count(call->out[o]), GRAIN, narrow, &(pair){call->out[o], w.call.out[o]});
    return GLIA_OK;
}

const gli_provider gli_widened = {.name    = "cpu.widened",
                                  .accepts = {GLI_TAKES_F32 | GLI_TAKES_HALVES, GLI_ANY_FORMAT, .flags = GLI_SOME_HALF},
                                  .decline = decline,
                                  .prepare = prepare,
                                  .run     = run,
                                  .release = release};
