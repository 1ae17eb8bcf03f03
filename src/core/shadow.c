/* GLIA_CHECK=shadow: each call again with cpu.ref, on copies taken before it ran. */
#include <math.h>
#include <string.h>

#include "core/device.h"
#include "core/dtype.h"
#include "core/provider.h"

struct gli_shadow {
    gli_call call; /* points into the tensors below */
    glia_tensor in[GLI_MAX_IN];
    glia_tensor out[GLI_MAX_OUT];
};

/* How finely numbers are kept on the way to an output of this dtype. An op with a saved output works in steps, and a
 * provider may hand over from one to the next in the dtype of the data, so that what is wide at the end is not finer.
 */
static double epsilon_of(const gli_call *call, glia_dtype dtype) {
    const double own   = gli_dtype_epsilon(dtype);
    const bool steps   = gli_saved_output(call->op) >= 0 || gli_saved_input(call->op) >= 0;
    const bool is_half = steps && call->n_in > 0 && call->in[0] && gli_dtype_is_half(call->in[0]->dtype);
    return is_half ? fmax(own, gli_dtype_epsilon(call->in[0]->dtype)) : own;
}

double gli_error_bound(const gli_call *call, glia_dtype dtype, double scale) {
    gli_cost cost = {0};
    if (call->op->cost) call->op->cost(call->geom, &cost);
    /* Each elementary function that a provider may evaluate differently is accurate to a few ulps. */
    const double function_ulps = 16;
    /* In f64 the reference rounds as well; of a sum in one chain of doubles, which may be longer than the depth. */
    const double judge = dtype != GLIA_F64 ? 1 : cost.depth > GLI_LONGEST_CHAIN ? 1024 : 2;
    return (cost.depth + function_ulps) * judge * epsilon_of(call, dtype) * scale;
}

static void shadow_free(glia_context *ctx, gli_shadow *shadow) {
    for (int i = 0; i < GLI_MAX_IN; ++i) gli_block_free(ctx, &shadow->in[i].owned);
    for (int i = 0; i < GLI_MAX_OUT; ++i) gli_block_free(ctx, &shadow->out[i].owned);
    gli_free(ctx, shadow, 1, sizeof *shadow);
}

/* Memory of the host for the tensor's whole extent, with the same strides. */
static glia_status alloc_like(const glia_tensor *from, glia_tensor *to) {
    *to       = *from;
    to->owned = (gli_block){0};
    GLI_TRY(gli_block_alloc(from->ctx, (size_t)gli_extent(from), glia_dtype_size(from->dtype), "the shadow check",
                            &to->owned));
    to->data = to->owned.data;
    return GLIA_OK;
}

/* from: memory of the device, or of the host as a shadow's tensors are. */
static glia_status copy(const glia_tensor *from, bool on_host, glia_tensor *to) {
    GLI_TRY(alloc_like(from, to));
    if (to->owned.bytes == 0) return GLIA_OK;
    if (!on_host) return from->ctx->device->download(from->ctx, to->data, from->data, to->owned.bytes);
    memcpy(to->data, from->data, to->owned.bytes);
    return GLIA_OK;
}

static glia_status copy_all(const gli_call *call, bool on_host, gli_shadow *shadow) {
    shadow->call = *call;
    for (int i = 0; i < call->n_in; ++i) {
        if (!call->in[i]) continue;
        GLI_TRY(copy(call->in[i], on_host, &shadow->in[i]));
        shadow->call.in[i] = &shadow->in[i];
    }
    for (int i = 0; i < call->op->n_outputs; ++i) {
        if (!call->out[i]) continue;
        GLI_TRY(copy(call->out[i], on_host, &shadow->out[i]));
        shadow->call.out[i] = &shadow->out[i];
    }
    return GLIA_OK;
}

static glia_status shadow_new(const gli_call *call, bool on_host, gli_shadow **out) {
    void *memory;
    GLI_TRY(gli_new(call->ctx, 1, sizeof **out, "the shadow check", &memory));
    *out                     = memory;
    const glia_status status = copy_all(call, on_host, *out);
    if (status != GLIA_OK) shadow_free(call->ctx, *out);
    return status;
}

bool gli_shadow_possible(const gli_call *call) {
    const gli_provider *provider = gli_reference_of(call->op);
    char why[GLI_REASON];
    return !gli_declines(provider, call, why);
}

glia_status gli_shadow_begin(const gli_call *call, gli_shadow **out) { return shadow_new(call, false, out); }

static glia_status run_reference(gli_call *call) {
    const gli_provider *provider = gli_reference_of(call->op);
    gli_prepared prepared        = {0};
    if (provider->prepare) GLI_TRY(provider->prepare(call, &prepared));
    gli_block workspace;
    glia_status status = gli_block_alloc(call->ctx, prepared.workspace, 1, "the shadow check", &workspace);
    if (status == GLIA_OK) status = provider->run(call, &prepared, workspace.data);
    gli_block_free(call->ctx, &workspace);
    if (provider->release) provider->release(&prepared);
    return status;
}

static double largest(const double *values, int64_t count) {
    double max = 0;
    for (int64_t i = 0; i < count; ++i)
        if (isfinite(values[i]) && fabs(values[i]) > max) max = fabs(values[i]);
    return max;
}

static bool agrees(double got, double expected, double bound) {
    return fabs(got - expected) <= bound || (isnan(got) && isnan(expected)) || got == expected;
}

/* The largest number among inputs and expected values. */
static double scale_of(const gli_shadow *shadow, const double *expected, int64_t count) {
    double scale = largest(expected, count);
    for (int i = 0; i < shadow->call.n_in; ++i) {
        const glia_tensor *x = &shadow->in[i];
        if (!shadow->call.in[i] || !gli_dtype_is_float(x->dtype)) continue;
        for (int64_t k = 0, n = gli_extent(x); k < n; ++k) {
            const double size = fabs(gli_load(x->dtype, x->data, k));
            if (isfinite(size) && size > scale) scale = size;
        }
    }
    return scale;
}

enum { NUDGES = 4 };

/* The widest spacing of the numbers of an input, to which each input is nudged. */
static double nudge_of(const gli_call *call) {
    double nudge = 0;
    for (int i = 0; i < call->n_in; ++i)
        if (call->in[i] && gli_dtype_is_float(call->in[i]->dtype))
            nudge = fmax(nudge, gli_dtype_epsilon(call->in[i]->dtype));
    return nudge;
}

/* Each number of the inputs a little up or down, by a coin that depends on the round. */
static void nudge_inputs(const gli_shadow *from, double nudge, uint64_t round, gli_shadow *to) {
    uint64_t coin = round;
    for (int i = 0; i < to->call.n_in; ++i) {
        const glia_tensor *x = &from->in[i];
        if (!to->call.in[i] || !gli_dtype_is_float(x->dtype)) continue;
        for (int64_t k = 0, n = gli_extent(x); k < n; ++k) {
            coin                = coin * 6364136223846793005u + 1442695040888963407u; /* Knuth, MMIX */
            const double factor = coin >> 63 ? 1 + nudge : 1 - nudge;
            gli_store(x->dtype, to->in[i].data, k, gli_load(x->dtype, x->data, k) * factor);
        }
    }
}

/* scale[i]: how large the terms are that element i is summed from, where they cancel: how far the reference's result
 * moves with the last bits of the inputs, divided by what one such bit is of its number. No provider that rounds comes
 * closer than that. */
static glia_status find_scales(const gli_shadow *shadow, int output, const double *expected, double *scale) {
    glia_context *ctx   = shadow->call.ctx;
    const int64_t count = gli_count(&shadow->out[output]);
    const double nudge  = nudge_of(&shadow->call);
    memset(scale, 0, (size_t)count * sizeof *scale);
    if (nudge == 0) return GLIA_OK;
    gli_shadow *nudged;
    GLI_TRY(shadow_new(&shadow->call, true, &nudged));
    gli_block moved;
    glia_status status = gli_block_alloc(ctx, (size_t)count, sizeof(double), "the shadow check", &moved);
    for (uint64_t round = 1; round <= NUDGES && status == GLIA_OK; ++round) {
        nudge_inputs(shadow, nudge, round, nudged);
        status = run_reference(&nudged->call);
        if (status != GLIA_OK) break;
        const double *value = moved.data;
        gli_tensor_to_double(&nudged->out[output], moved.data);
        for (int64_t i = 0; i < count; ++i) {
            const double size = fabs(value[i] - expected[i]) / nudge;
            if (isfinite(size) && size > scale[i]) scale[i] = size;
        }
    }
    gli_block_free(ctx, &moved);
    shadow_free(ctx, nudged);
    return status;
}

/* values: [3,count], of which got and expected are given. */
static glia_status compare_values(const gli_call *call, const char *provider, const gli_shadow *shadow, int output,
                                  double *values) {
    const glia_tensor *y = call->out[output];
    const int64_t count  = gli_count(y);
    const double *got = values, *expected = values + count;
    double *scale         = values + 2 * count;
    const double bound    = gli_error_bound(call, y->dtype, scale_of(shadow, expected, count));
    bool scales_are_known = false;
    for (int64_t i = 0; i < count; ++i) {
        if (agrees(got[i], expected[i], bound)) continue;
        if (!scales_are_known) GLI_TRY(find_scales(shadow, output, expected, scale));
        scales_are_known = true;
        const double own = fmax(bound, gli_error_bound(call, y->dtype, scale[i]));
        if (!agrees(got[i], expected[i], own))
            return gli_fail(call->ctx, GLIA_CHECK_FAILED,
                            "%s: %s differs from cpu.ref: %s %s element %lld is %.9g, must be %.9g within %.3g",
                            call->op->name, provider, call->op->outputs[output].name, GLI_SHAPE_OF(y), (long long)i,
                            got[i], expected[i], own);
    }
    return GLIA_OK;
}

static glia_status compare(const gli_call *call, const char *provider, const gli_shadow *shadow, int output) {
    glia_context *ctx    = call->ctx;
    const glia_tensor *y = call->out[output];
    const int64_t count  = gli_count(y);
    glia_tensor host     = {0};
    if (count == 0) return GLIA_OK;
    gli_block values   = {0};
    glia_status status = copy(y, false, &host);
    if (status == GLIA_OK)
        status = gli_block_alloc(ctx, 3 * (size_t)count, sizeof(double), "the shadow check", &values);
    if (status == GLIA_OK) {
        double *got = values.data;
        gli_tensor_to_double(&host, got);
        gli_tensor_to_double(&shadow->out[output], got + count);
        status = compare_values(call, provider, shadow, output, got);
    }
    gli_block_free(ctx, &values);
    gli_block_free(ctx, &host.owned);
    return status;
}

glia_status gli_shadow_end(const gli_call *call, const char *provider, gli_shadow *shadow, bool requested) {
    glia_status status = requested ? run_reference(&shadow->call) : GLIA_OK;
    for (int i = 0; requested && i < call->op->n_outputs && status == GLIA_OK; ++i)
        if (call->out[i] && !gli_output_is(call->op, i, GLI_OUT_SAVED)) status = compare(call, provider, shadow, i);
    if (status == GLIA_CHECK_FAILED) gli_log(call->ctx, GLI_LOG_INFO, "check: %s", call->ctx->message);
    shadow_free(call->ctx, shadow);
    return status;
}
