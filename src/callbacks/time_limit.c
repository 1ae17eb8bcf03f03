#include "callbacks/callback.h"
#include "core/clock.h"

typedef struct time_limit {
    glia_context *ctx;
    double seconds, begun;
} time_limit;

static glia_status begin(void *user, const glia_event *event) {
    time_limit *limit = user;
    (void)event;
    limit->begun = gli_seconds();
    return GLIA_OK;
}

static glia_status look(void *user, const glia_event *event) {
    const time_limit *limit = user;
    if (gli_seconds() - limit->begun >= limit->seconds) glia_trainer_stop(event->trainer);
    return GLIA_OK;
}

static void destroy(void *user) {
    time_limit *limit = user;
    gli_callback_state_free(limit->ctx, limit, sizeof *limit);
}

static glia_status create(glia_context *ctx, double seconds, glia_callback *out) {
    void *state;
    GLI_REQUIRE(ctx, out, GLIA_INVALID_ARGUMENT, "glia_time_limit: out is NULL");
    GLI_REQUIRE(ctx, seconds > 0, GLIA_INVALID_ARGUMENT, "glia_time_limit: seconds is %g, must be positive", seconds);
    GLI_TRY(gli_callback_state(ctx, sizeof(time_limit), &state));
    *(time_limit *)state = (time_limit){.ctx = ctx, .seconds = seconds};
    *out = (glia_callback){state, .on_begin = begin, .on_batch_end = look, .on_epoch_end = look, .destroy = destroy};
    return GLIA_OK;
}

glia_status glia_time_limit(glia_context *ctx, double seconds, glia_callback *out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = create(ctx, seconds, out);
    gli_leave(ctx);
    return status;
}
