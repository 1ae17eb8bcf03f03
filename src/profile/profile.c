#include "profile/profile.h"

#include <math.h>

#include "core/device.h"

enum { DEFAULT_EVENTS = 1 << 18 };

static bool is_recording(const glia_profile *profile) { return profile->ctx->trace == &profile->trace; }

static glia_status check_args(glia_context *ctx, const glia_profile_args *args) {
    GLI_REQUIRE(ctx, args->max_events >= 0, GLIA_INVALID_ARGUMENT,
                "glia_profile_begin: max_events is %d, must not be negative", args->max_events);
    GLI_REQUIRE(ctx, args->peak_flops >= 0 && isfinite(args->peak_flops), GLIA_INVALID_ARGUMENT,
                "glia_profile_begin: peak_flops is %g, must be finite and not negative", args->peak_flops);
    GLI_REQUIRE(ctx, args->peak_bytes >= 0 && isfinite(args->peak_bytes), GLIA_INVALID_ARGUMENT,
                "glia_profile_begin: peak_bytes is %g, must be finite and not negative", args->peak_bytes);
    return GLIA_OK;
}

static glia_status find_roof(glia_profile *profile, const glia_profile_args *args) {
    profile->peak_flops = args->peak_flops;
    profile->peak_bytes = args->peak_bytes;
    if (args->peak_flops > 0 && args->peak_bytes > 0) return GLIA_OK;
    double flops, bytes;
    GLI_TRY(profile->ctx->device->roof(profile->ctx, &flops, &bytes));
    if (args->peak_flops == 0) profile->peak_flops = flops;
    if (args->peak_bytes == 0) profile->peak_bytes = bytes;
    return GLIA_OK;
}

static void profile_free(glia_profile *profile) {
    glia_context *ctx = profile->ctx;
    if (is_recording(profile)) ctx->trace = NULL;
    gli_trace_free(ctx, &profile->trace);
    gli_free(ctx, profile->rows, (size_t)profile->row_capacity, sizeof *profile->rows);
    gli_free(ctx, profile, 1, sizeof *profile);
    gli_context_release(ctx);
}

static glia_status begin(glia_context *ctx, const glia_profile_args *args, glia_profile **out) {
    void *memory;
    GLI_REQUIRE(ctx, out, GLIA_INVALID_ARGUMENT, "glia_profile_begin: out is NULL");
    GLI_TRY(check_args(ctx, args));
    GLI_REQUIRE(ctx, !ctx->trace, GLIA_BUSY, "glia_profile_begin: another profile of the context has not ended");
    GLI_TRY(gli_new(ctx, 1, sizeof **out, "a profile", &memory));
    glia_profile *profile = memory;
    profile->ctx          = ctx;
    gli_context_retain(ctx);
    glia_status status = find_roof(profile, args);
    if (status == GLIA_OK)
        status = gli_trace_begin(ctx, args->max_events ? args->max_events : DEFAULT_EVENTS, &profile->trace);
    if (status != GLIA_OK) return profile_free(profile), status;
    *out = profile;
    return GLIA_OK;
}

glia_status glia_profile_begin(glia_context *ctx, const glia_profile_args *args, glia_profile **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = begin(ctx, args ? args : &(glia_profile_args){0}, out);
    gli_leave(ctx);
    return status;
}

static glia_status end(glia_profile *profile) {
    GLI_REQUIRE(profile->ctx, !profile->ended, GLIA_INVALID_ARGUMENT, "glia_profile_end: the profile has ended");
    if (is_recording(profile)) GLI_TRY(gli_trace_end(profile->ctx)); /* the rows may have lacked memory before */
    GLI_TRY(gli_profile_make_rows(profile));
    profile->ended = true;
    return GLIA_OK;
}

glia_status glia_profile_end(glia_profile *profile) {
    GLI_REQUIRE_OBJECT(profile);
    GLI_TRY(gli_enter(profile->ctx));
    const glia_status status = end(profile);
    gli_leave(profile->ctx);
    return status;
}

void glia_profile_destroy(glia_profile *profile) {
    if (profile) profile_free(profile);
}

glia_status gli_profile_enter(const glia_profile *profile, const char *call) {
    GLI_TRY(gli_enter(profile->ctx));
    if (profile->ended) return GLIA_OK;
    gli_fail(profile->ctx, GLIA_INVALID_ARGUMENT, "%s: the profile has not ended", call);
    gli_leave(profile->ctx);
    return GLIA_INVALID_ARGUMENT;
}

glia_profile_info glia_profile_get_info(const glia_profile *profile) {
    if (!profile || !profile->ended) return (glia_profile_info){0};
    const gli_trace *t = &profile->trace;
    return (glia_profile_info){.seconds    = t->seconds,
                               .peak_flops = profile->peak_flops,
                               .peak_bytes = profile->peak_bytes,
                               .events     = t->n_events,
                               .dropped    = t->n_events > t->max_events ? t->n_events - t->max_events : 0,
                               .lost       = t->lost};
}

int glia_profile_row_count(const glia_profile *profile) { return profile && profile->ended ? profile->n_rows : 0; }

glia_profile_row glia_profile_get_row(const glia_profile *profile, int index) {
    return index >= 0 && index < glia_profile_row_count(profile) ? profile->rows[index] : (glia_profile_row){0};
}
