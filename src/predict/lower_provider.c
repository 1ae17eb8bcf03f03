/* All other nodes: calls of providers of the CPU that neither allocate nor lock. */
#include <stdalign.h>
#include <string.h>

#include "core/device.h"
#include "core/dtype.h"
#include "core/float_mode.h"
#include "core/provider.h"
#include "predict/predictor.h"

typedef struct provider_call {
    alignas(max_align_t) char geom[GLI_MAX_GEOMETRY];
    gli_call call;
    const gli_provider *provider;
    gli_prepared prepared;
    void *workspace;
} provider_call;

static glia_status run_provider(void *arg) {
    const provider_call *c = arg;
    return c->provider->run(&c->call, &c->prepared, c->workspace);
}

/* Ops of the user's own keep denormal numbers: see glia/custom.h. */
static glia_status run_custom(void *arg) {
    const uint64_t before    = gli_float_mode_enter(false);
    const glia_status status = run_provider(arg);
    gli_float_mode_leave(before);
    return status;
}

static void release(void *arg) {
    provider_call *c = arg;
    c->provider->release(&c->prepared);
}

/* oneDNN allocates in each call. */
static bool may_run(const gli_provider *provider, const gli_call *call, char *why) {
    return strcmp(provider->name, "cpu.onednn") != 0 && !gli_declines(provider, call, why);
}

static glia_status choose(provider_call *c) {
    char why[GLI_REASON];
    for (const gli_provider *const *it = gli_cpu_device.providers(c->call.op); *it; ++it) {
        if (!may_run(*it, &c->call, why)) continue;
        const glia_status status = (*it)->prepare ? (*it)->prepare(&c->call, &c->prepared) : GLIA_OK;
        if (status == GLIA_UNSUPPORTED) continue;
        c->provider = *it;
        return status;
    }
    return gli_fail(c->call.ctx, GLIA_UNSUPPORTED, "%s: no provider of the CPU takes the call", c->call.op->name);
}

/* Weights stay. */
static glia_status keep(gli_predict_build *b, int id) {
    gli_predict_value *value = &b->values[id];
    const glia_tensor from   = value->tensor;
    if (!value->weight) return GLIA_OK;
    GLI_TRY(gli_predict_make(b, id, &from, value->time));
    memcpy(value->tensor.data, from.data, (size_t)gli_count(&from) * glia_dtype_size(from.dtype));
    return GLIA_OK;
}

/* An op whose params say so writes bf16 or f16, which then becomes f32. */
static glia_status make_outputs(gli_predict_build *b, const gli_node *node, const gli_resolution *r, int time,
                                gli_call *call) {
    for (int o = 0; o < node->op->n_outputs; ++o) {
        const int id = node->out[o];
        void *memory;
        if (!id || (b->readers[id] == 0 && gli_output_is(node->op, o, GLI_OUT_OPTIONAL))) continue;
        GLI_TRY(gli_predict_make(b, id, &r->out[o], o == 0 ? time : -1));
        GLI_TRY(gli_predict_new(b, sizeof(glia_tensor), &memory));
        b->values[id].tensor.dtype = r->out[o].dtype;
        *(glia_tensor *)memory     = b->values[id].tensor; /* rounding may move the value */
        call->out[o]               = memory;
    }
    return GLIA_OK;
}

glia_status gli_predict_lower_provider(gli_predict_build *b, const gli_node *node, int time, bool *done) {
    void *memory;
    gli_resolution r;
    float *workspace;
    GLI_TRY(gli_predict_new(b, sizeof(provider_call), &memory));
    provider_call *c = memory;
    c->call          = (gli_call){.ctx = b->ctx, .op = node->op, .geom = c->geom, .n_in = node->n_in};
    for (int i = 0; i < node->n_in; ++i) {
        if (!node->in[i]) continue;
        GLI_TRY(keep(b, node->in[i]));
        c->call.in[i] = &b->values[node->in[i]].tensor;
    }
    GLI_TRY(gli_resolve(b->ctx, node->op, node->params, node->n_in, c->call.in, c->geom, &r));
    GLI_TRY(make_outputs(b, node, &r, time, &c->call));
    GLI_TRY(choose(c));
    const gli_predict_call call = {.run     = node->op == &gli_op_custom ? run_custom : run_provider,
                                   .release = c->provider->release ? release : NULL,
                                   .arg     = c};
    const glia_status added     = gli_predict_add_call(b, &call);
    if (added != GLIA_OK && call.release) release(c);
    GLI_TRY(added);
    GLI_TRY(gli_predict_floats(b, (int64_t)(c->prepared.workspace / sizeof *workspace) + 1, &workspace));
    c->workspace = workspace;
    *done        = true;
    return GLIA_OK;
}
