/* GLIA_CHECK=shadow: each call again with cpu.ref, on copies taken before it ran. */
#include <math.h>
#include <string.h>

#include "core/device.h"
#include "core/dtype.h"
#include "core/provider.h"

struct glia_shadow {
    glia_call call; /* points into the tensors below */
    glia_tensor in[GLIA_MAX_IN];
    glia_tensor out[GLIA_MAX_OUT];
};

double glia_error_bound(const glia_call *call, glia_dtype dtype, double scale) {
    glia_cost cost = {0};
    if (call->op->cost) call->op->cost(call->geom, &cost);
    /* Each elementary function that a provider may evaluate differently is good to a few units in the last place. */
    const double function_ulps = 16;
    return (cost.depth + function_ulps) * glia_dtype_epsilon(dtype) * scale;
}

static void shadow_free(glia_context *ctx, glia_shadow *shadow) {
    for (int i = 0; i < GLIA_MAX_IN; ++i) glia_block_free(ctx, &shadow->in[i].owned);
    for (int i = 0; i < GLIA_MAX_OUT; ++i) glia_block_free(ctx, &shadow->out[i].owned);
    glia_free(ctx, shadow, 1, sizeof *shadow);
}

/* A copy of the tensor's whole extent in host memory, with the same strides. */
static glia_status copy(const glia_tensor *from, glia_tensor *to) {
    *to       = *from;
    to->owned = (glia_block){0};
    GLIA_TRY(glia_block_alloc(from->ctx, (size_t)glia_extent(from), glia_dtype_size(from->dtype), "the shadow check",
                              &to->owned));
    to->data = to->owned.data;
    return to->owned.bytes ? from->ctx->device->download(from->ctx, to->data, from->data, to->owned.bytes) : GLIA_OK;
}

static glia_status copy_all(const glia_call *call, glia_shadow *shadow) {
    shadow->call = *call;
    for (int i = 0; i < call->n_in; ++i) {
        if (!call->in[i]) continue;
        GLIA_TRY(copy(call->in[i], &shadow->in[i]));
        shadow->call.in[i] = &shadow->in[i];
    }
    for (int i = 0; i < call->op->n_out; ++i) {
        if (!call->out[i]) continue;
        GLIA_TRY(copy(call->out[i], &shadow->out[i]));
        shadow->call.out[i] = &shadow->out[i];
    }
    return GLIA_OK;
}

static const glia_provider *reference(const glia_op *op) {
    const glia_provider *const *it = glia_cpu_device.providers(op);
    while (it[1]) ++it;
    return *it;
}

bool glia_shadow_possible(const glia_call *call) {
    const glia_provider *provider = reference(call->op);
    return !provider->decline || !provider->decline(call);
}

glia_status glia_shadow_begin(const glia_call *call, glia_shadow **out) {
    void *memory;
    GLIA_TRY(glia_new(call->ctx, 1, sizeof **out, "the shadow check", &memory));
    *out                     = memory;
    const glia_status status = copy_all(call, *out);
    if (status != GLIA_OK) shadow_free(call->ctx, *out);
    return status;
}

static glia_status run_reference(glia_call *call) {
    const glia_provider *provider = reference(call->op);
    glia_prepared prepared        = {0};
    if (provider->prepare) GLIA_TRY(provider->prepare(call, &prepared));
    glia_block workspace;
    glia_status status = glia_block_alloc(call->ctx, prepared.workspace, 1, "the shadow check", &workspace);
    if (status == GLIA_OK) status = provider->run(call, &prepared, workspace.data);
    glia_block_free(call->ctx, &workspace);
    if (provider->release) provider->release(&prepared);
    return status;
}

static double largest(const double *values, int64_t count) {
    double most = 0;
    for (int64_t i = 0; i < count; ++i)
        if (isfinite(values[i]) && fabs(values[i]) > most) most = fabs(values[i]);
    return most;
}

static bool agrees(double got, double want, double bound) {
    return fabs(got - want) <= bound || (isnan(got) && isnan(want)) || got == want;
}

static glia_status compare(const glia_call *call, const char *provider, const glia_shadow *shadow, int output) {
    glia_context *ctx    = call->ctx;
    const glia_tensor *y = call->out[output];
    const int64_t count  = glia_count(y);
    glia_tensor host     = {0};
    glia_block doubles;
    GLIA_TRY(copy(y, &host));
    glia_status status = glia_block_alloc(ctx, 2 * (size_t)count, sizeof(double), "the shadow check", &doubles);
    if (status == GLIA_OK) {
        double *got = doubles.data, *want = got + count;
        double scale = 0;
        glia_tensor_to_double(&host, got);
        glia_tensor_to_double(&shadow->out[output], want);
        for (int i = 0; i < call->n_in; ++i) {
            if (!call->in[i] || !glia_dtype_is_float(call->in[i]->dtype)) continue;
            const glia_tensor *x = &shadow->in[i];
            for (int64_t k = 0, n = glia_extent(x); k < n; ++k) {
                const double size = fabs(glia_load(x->dtype, x->data, k));
                if (isfinite(size) && size > scale) scale = size;
            }
        }
        const double bound = glia_error_bound(call, y->dtype, fmax(scale, largest(want, count)));
        for (int64_t i = 0; i < count && status == GLIA_OK; ++i)
            if (!agrees(got[i], want[i], bound))
                status = glia_fail(ctx, GLIA_CHECK_FAILED,
                                   "%s: %s differs from cpu.ref: %s %s element %lld is %.9g, must be %.9g within %.3g",
                                   call->op->name, provider, call->op->out_names[output], GLIA_SHAPE_OF(y),
                                   (long long)i, got[i], want[i], bound);
        glia_block_free(ctx, &doubles);
    }
    glia_block_free(ctx, &host.owned);
    return status;
}

glia_status glia_shadow_end(const glia_call *call, const char *provider, glia_shadow *shadow, bool wanted) {
    glia_status status = wanted ? run_reference(&shadow->call) : GLIA_OK;
    for (int i = 0; wanted && i < call->op->n_out && status == GLIA_OK; ++i)
        if (call->out[i] && call->op->reserve_out != i + 1) status = compare(call, provider, shadow, i);
    if (status == GLIA_CHECK_FAILED) glia_log(call->ctx, GLIA_LOG_INFO, "check: %s", call->ctx->message);
    shadow_free(call->ctx, shadow);
    return status;
}
