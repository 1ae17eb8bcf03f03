/* From a call to the provider that runs it. Knows no op and no device. */
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/device.h"
#include "core/float_mode.h"
#include "core/prepared.h"
#include "core/saved.h"
#include "core/trace.h"

/* why: GLI_REASON bytes, for the reason of a refusal. */
static glia_status prepare(const gli_call *call, const gli_provider *provider, gli_choice *out, char *why) {
    *out = (gli_choice){.provider = provider};
    if (!provider->prepare) return GLIA_OK;
    if (!provider->release) return gli_prepare(call, provider, &out->prepared, why);
    GLI_TRY(gli_prepared_take(call, provider, why, &out->entry));
    out->prepared = *gli_prepared_of(out->entry);
    return GLIA_OK;
}

static void log_choice(const gli_call *call, const void *params, const gli_provider *provider) {
    char text[GLI_PARAMS_TEXT];
    if (!gli_log_enabled(call->ctx, GLI_LOG_DISPATCH)) return;
    gli_log(call->ctx, GLI_LOG_DISPATCH, "dispatch %s%s: %s", call->op->name, gli_params_text(call->op, params, text),
            provider->name);
}

const char *gli_declines(const gli_provider *provider, const gli_call *call, char *why) {
    const char *reason = gli_accepts_not(&provider->accepts, call, why);
    return !reason && provider->decline ? provider->decline(call) : reason;
}

static bool can_read(const gli_provider *provider, const gli_provider *producer) {
    return provider->accepts.flags & GLI_ANY_SAVED || strcmp(producer->name, provider->name) == 0;
}

/* asked: the name of the only provider that may take the call; "": any. producer: the only one that can read what the
 * call has saved; NULL: any. */
static glia_status choose(const gli_call *call, const void *params, const char *asked, const gli_provider *producer,
                          gli_choice *out) {
    glia_context *ctx  = call->ctx;
    const char *reason = "no such provider";
    char why[GLI_REASON];
    for (const gli_provider *const *it = ctx->device->providers(call->op); *it; ++it) {
        const gli_provider *provider = *it;
        if (asked[0] && strcmp(asked, provider->name) != 0) continue;
        reason = producer && !can_read(provider, producer) ? "another provider wrote what it has to read"
                                                           : gli_declines(provider, call, why);
        if (!reason) {
            const glia_status status = prepare(call, provider, out, why);
            if (status == GLIA_OK) {
                log_choice(call, params, provider);
                return GLIA_OK;
            }
            if (status != GLIA_UNSUPPORTED) return status;
            reason = why;
        }
        gli_log(ctx, GLI_LOG_DISPATCH, "dispatch %s: %s declines: %s", call->op->name, provider->name, reason);
    }
    if (asked[0])
        return gli_fail(ctx, GLIA_UNSUPPORTED, "%s: GLIA_PROVIDER forces %s, which declines: %s", call->op->name, asked,
                        reason);
    return gli_fail(ctx, GLIA_UNSUPPORTED, "%s: every provider declined, the last because: %s", call->op->name, reason);
}

glia_status gli_choose(const gli_call *call, const void *params, gli_choice *out) {
    const gli_provider *producer;
    GLI_TRY(gli_saved_producer(call, &producer));
    return choose(call, params, call->ctx->provider, producer, out);
}

glia_status gli_choose_any(const gli_call *call, gli_choice *out) { return choose(call, NULL, "", NULL, out); }

void gli_choice_free(glia_context *ctx, gli_choice *choice) {
    if (choice->entry) gli_prepared_give_back(ctx, choice->entry);
    *choice = (gli_choice){0};
}

const gli_provider *gli_reference_of(const gli_op *op) {
    const gli_provider *const *it = gli_cpu_device.providers(op);
    while (it[1]) ++it;
    return *it;
}

bool gli_provider_known(const gli_device *device, const char *name) {
    for (const gli_op *const *op = gli_ops; *op; ++op)
        for (const gli_provider *const *it = device->providers(*op); *it; ++it)
            if (strcmp((*it)->name, name) == 0) return true;
    return false;
}

void gli_provider_names(const gli_device *device, char *text, size_t size) {
    const char *names[16];
    size_t n = 0, used = 0;
    for (const gli_op *const *op = gli_ops; *op; ++op)
        for (const gli_provider *const *it = device->providers(*op); *it; ++it) {
            size_t i = 0;
            while (i < n && strcmp(names[i], (*it)->name) != 0) ++i;
            if (i == n && n < sizeof names / sizeof *names) names[n++] = (*it)->name;
        }
    text[0] = '\0';
    for (size_t i = 0; i < n && used < size; ++i)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", names[i]);
}

static glia_status run_provider(const gli_call *call, const gli_choice *choice, void *workspace) {
    if (!call->ctx->device->sets_float_mode) return choice->provider->run(call, &choice->prepared, workspace);
    const uint64_t before    = gli_float_mode_enter(choice->provider != gli_reference_of(call->op));
    const glia_status status = choice->provider->run(call, &choice->prepared, workspace);
    gli_float_mode_leave(before);
    return status;
}

static glia_status run_and_trace(const gli_call *call, const gli_choice *choice, void *workspace) {
    if (!call->ctx->trace) return run_provider(call, choice, workspace);
    const gli_span span      = gli_trace_op_begin(call);
    const glia_status status = run_provider(call, choice, workspace);
    gli_trace_op_end(call, choice->provider->name, span);
    return status;
}

static glia_status run_and_log(const gli_call *call, const gli_choice *choice, void *workspace) {
    if (!gli_log_enabled(call->ctx, GLI_LOG_TIME)) return run_and_trace(call, choice, workspace);
    const double start = gli_seconds();
    GLI_TRY(run_and_trace(call, choice, workspace));
    GLI_TRY(call->ctx->device->synchronize(call->ctx));
    gli_log(call->ctx, GLI_LOG_TIME, "time %s %s: %.1f us", call->op->name, choice->provider->name,
            1e6 * (gli_seconds() - start));
    return GLIA_OK;
}

glia_status gli_run(const gli_call *call, const gli_choice *choice, void *workspace) {
    if (!call->ctx->shadow || choice->provider == gli_reference_of(call->op) || !gli_shadow_possible(call))
        return run_and_log(call, choice, workspace);
    gli_shadow *shadow;
    GLI_TRY(gli_shadow_begin(call, &shadow));
    const glia_status ran     = run_and_log(call, choice, workspace);
    const glia_status checked = gli_shadow_end(call, choice->provider->name, shadow, ran == GLIA_OK);
    return ran != GLIA_OK ? ran : checked;
}

static const gli_provider *grouping_provider(const glia_context *ctx, const gli_op *op) {
    const gli_provider *const *it = ctx->device->providers(op);
    while (*it && !(*it)->group) ++it;
    return *it;
}

bool gli_groups(const glia_context *ctx, const gli_op *a, const gli_op *b) {
    const gli_provider *of_a = grouping_provider(ctx, a), *of_b = grouping_provider(ctx, b);
    return of_a && of_b && (a == b || (of_a->mixed && of_a->group == of_b->group));
}

bool gli_gathers(const glia_context *ctx, const gli_op *op) {
    const gli_provider *provider = grouping_provider(ctx, op);
    return provider && !provider->mixed;
}

static void free_choices(glia_context *ctx, gli_choice *choices, int n) {
    for (int i = 0; i < n; ++i) gli_choice_free(ctx, &choices[i]);
}

/* All n calls prepared by the provider; GLIA_UNSUPPORTED: it refuses one of them. */
static glia_status prepare_group(const gli_call *const *calls, const gli_provider *provider, int n, gli_choice *out) {
    char why[GLI_REASON];
    for (int i = 0; i < n; ++i) {
        const glia_status status = prepare(calls[i], provider, &out[i], why);
        if (status == GLIA_OK) continue;
        free_choices(calls[0]->ctx, out, i);
        return status;
    }
    return GLIA_OK;
}

static void log_group(const gli_call *first, const gli_provider *provider, int n) {
    gli_log(first->ctx, GLI_LOG_DISPATCH, "dispatch %s: %s for %d calls as one", first->op->name, provider->name, n);
}

/* Calls for which the providers with this group were chosen stay with them. */
static void group_as_chosen(const gli_call *const *calls, int n, gli_choice *const *choices, int *count) {
    const gli_provider *first = choices[0]->provider;
    int same                  = 1;
    while (same < n && same < GLI_MAX_GROUP && choices[same]->provider->group == first->group) ++same;
    const int size = same < 2 ? same : first->group(calls, same);
    if (size < 2) return;
    *count = size;
    log_group(calls[0], first, size);
}

glia_status gli_choose_group(const gli_call *const *calls, int n, gli_choice *const *choices, int *count) {
    glia_context *ctx = calls[0]->ctx;
    *count            = 1;
    if (choices[0]->provider->mixed) return group_as_chosen(calls, n, choices, count), GLIA_OK;
    for (const gli_provider *const *it = ctx->device->providers(calls[0]->op); *it; ++it) {
        if (!(*it)->group || (*it)->mixed || (ctx->provider[0] && strcmp(ctx->provider, (*it)->name) != 0)) continue;
        gli_choice group[GLI_MAX_GROUP];
        const int size = (*it)->group(calls, n < GLI_MAX_GROUP ? n : GLI_MAX_GROUP);
        if (size < 2) continue;
        const glia_status status = prepare_group(calls, *it, size, group);
        if (status == GLIA_UNSUPPORTED) continue;
        if (status != GLIA_OK) return status;
        for (int i = 0; i < size; ++i) {
            gli_choice_free(ctx, choices[i]);
            *choices[i] = group[i];
        }
        log_group(calls[0], *it, size);
        *count = size;
        return GLIA_OK;
    }
    return GLIA_OK;
}

int gli_chain_length(const gli_call *const *calls, int n, const gli_choice *first) {
    const gli_provider *provider = first->provider;
    const int length             = provider->chain ? provider->chain(calls, n < GLI_MAX_GROUP ? n : GLI_MAX_GROUP) : 1;
    if (length < 2) return 1;
    gli_log(calls[0]->ctx, GLI_LOG_DISPATCH, "dispatch %s: %s for %d calls as a chain", calls[0]->op->name,
            provider->name, length);
    return length;
}

glia_status gli_run_group(const gli_call *const *calls, const gli_choice *const *choices, void *const *workspaces,
                          int n) {
    const glia_context *ctx = calls[0]->ctx;
    const bool as_one       = !ctx->shadow && !ctx->trace && !gli_log_enabled(ctx, GLI_LOG_TIME);
    if (as_one && choices[0]->provider->run_chain) return choices[0]->provider->run_chain(calls, workspaces, n);
    if (as_one) return choices[0]->provider->run_group(calls, workspaces, n);
    for (int i = 0; i < n; ++i) GLI_TRY(gli_run(calls[i], choices[i], workspaces[i]));
    return GLIA_OK;
}
