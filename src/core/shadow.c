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

/* A copy of the tensor's whole extent in host memory, with the same strides. */
static glia_status copy(const glia_tensor *from, glia_tensor *to) {
    *to       = *from;
    to->owned = (gli_block){0};
    GLI_TRY(gli_block_alloc(from->ctx, (size_t)gli_extent(from), glia_dtype_size(from->dtype), "the shadow check",
                            &to->owned));
    to->data = to->owned.data;
    return to->owned.bytes ? from->ctx->device->download(from->ctx, to->data, from->data, to->owned.bytes) : GLIA_OK;
}

static glia_status copy_all(const gli_call *call, gli_shadow *shadow) {
    shadow->call = *call;
    for (int i = 0; i < call->n_in; ++i) {
        if (!call->in[i]) continue;
        GLI_TRY(copy(call->in[i], &shadow->in[i]));
        shadow->call.in[i] = &shadow->in[i];
    }
    for (int i = 0; i < call->op->n_outputs; ++i) {
        if (!call->out[i]) continue;
        GLI_TRY(copy(call->out[i], &shadow->out[i]));
        shadow->call.out[i] = &shadow->out[i];
    }
    return GLIA_OK;
}

bool gli_shadow_possible(const gli_call *call) {
    const gli_provider *provider = gli_reference_of(call->op);
    char why[GLI_REASON];
    return !gli_declines(provider, call, why);
}

glia_status gli_shadow_begin(const gli_call *call, gli_shadow **out) {
    void *memory;
    GLI_TRY(gli_new(call->ctx, 1, sizeof **out, "the shadow check", &memory));
    *out                     = memory;
    const glia_status status = copy_all(call, *out);
    if (status != GLIA_OK) shadow_free(call->ctx, *out);
    return status;
}

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

static glia_status compare(const gli_call *call, const char *provider, const gli_shadow *shadow, int output) {
    glia_context *ctx    = call->ctx;
    const glia_tensor *y = call->out[output];
    const int64_t count  = gli_count(y);
    glia_tensor host     = {0};
    if (count == 0) return GLIA_OK;
    gli_block doubles;
    GLI_TRY(copy(y, &host));
    glia_status status = gli_block_alloc(ctx, 2 * (size_t)count, sizeof(double), "the shadow check", &doubles);
    if (status == GLIA_OK) {
        double *got = doubles.data, *expected = got + count;
        double scale = 0;
        gli_tensor_to_double(&host, got);
        gli_tensor_to_double(&shadow->out[output], expected);
        for (int i = 0; i < call->n_in; ++i) {
            if (!call->in[i] || !gli_dtype_is_float(call->in[i]->dtype)) continue;
            const glia_tensor *x = &shadow->in[i];
            for (int64_t k = 0, n = gli_extent(x); k < n; ++k) {
                const double size = fabs(gli_load(x->dtype, x->data, k));
                if (isfinite(size) && size > scale) scale = size;
            }
        }
        const double bound = gli_error_bound(call, y->dtype, fmax(scale, largest(expected, count)));
        for (int64_t i = 0; i < count && status == GLIA_OK; ++i)
            if (!agrees(got[i], expected[i], bound))
                status = gli_fail(ctx, GLIA_CHECK_FAILED,
                                  "%s: %s differs from cpu.ref: %s %s element %lld is %.9g, must be %.9g within %.3g",
                                  call->op->name, provider, call->op->outputs[output].name, GLI_SHAPE_OF(y),
                                  (long long)i, got[i], expected[i], bound);
        gli_block_free(ctx, &doubles);
    }
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
