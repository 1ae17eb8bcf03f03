#include <math.h>

#include "callbacks/callback.h"
#include "train/training.h"

typedef struct early_stopping {
    glia_context *ctx;
    gli_watch watch;
    double min_delta;
    int patience;
    bool restore_best;
    double best;          /* NaN: none yet */
    int age;              /* epochs since then */
    int64_t compiles;     /* of the model until then */
    glia_tensor *weights; /* of then, all of the model's vector; NULL: none */
    glia_tensor *average; /* of then, of the weights; NULL: the model has none */
} early_stopping;

static void forget(early_stopping *s) {
    glia_tensor_destroy(s->weights);
    glia_tensor_destroy(s->average);
    s->weights = s->average = NULL;
}

static glia_status begin(void *user, const glia_event *event) {
    early_stopping *s = user;
    forget(s);
    s->best = NAN;
    s->age  = 0;
    return gli_watch_begin(&s->watch, s->ctx, event);
}

static glia_status copy(glia_context *ctx, const glia_tensor *from, glia_tensor **to) {
    if (!*to) GLI_TRY(glia_tensor_create(ctx, glia_tensor_dtype(from), glia_tensor_shape(from), to));
    return glia_tensor_copy(from, *to);
}

/* The model may have been compiled again, with another layout of its weights. */
static glia_status keep(early_stopping *s, const glia_model *model) {
    const glia_tensor *average = model->training->compiled.state[GLI_AVERAGE];
    if (s->compiles != model->training->compiles) forget(s);
    s->compiles = model->training->compiles;
    if (average) GLI_TRY(copy(s->ctx, average, &s->average));
    return copy(s->ctx, model->vector, &s->weights);
}

static glia_status epoch_end(void *user, const glia_event *event) {
    early_stopping *s = user;
    const char *name;
    double value;
    GLI_TRY(gli_watch_read(&s->watch, s->ctx, event->epoch, &name, &value));
    const double gain = gli_watch_larger(&s->watch, name) ? value - s->best : s->best - value;
    ++s->age;
    if (!isnan(value) && (isnan(s->best) || gain > s->min_delta)) {
        s->best = value;
        s->age  = 0;
        if (s->restore_best) GLI_TRY(keep(s, event->model));
    }
    if (s->age >= s->patience) glia_trainer_stop(event->trainer);
    return GLIA_OK;
}

static glia_status end(void *user, const glia_event *event) {
    early_stopping *s = user;
    if (!s->weights) return GLIA_OK;
    GLI_REQUIRE(s->ctx, s->compiles == event->model->training->compiles, GLIA_INVALID_ARGUMENT,
                "glia_early_stopping: the model was compiled after its best epoch, whose weights cannot come back");
    if (s->average) GLI_TRY(glia_tensor_copy(s->average, event->model->training->compiled.state[GLI_AVERAGE]));
    event->model->half_is_old = true;
    return glia_tensor_copy(s->weights, event->model->vector);
}

static void destroy(void *user) {
    early_stopping *s = user;
    forget(s);
    gli_callback_state_free(s->ctx, s, sizeof *s);
}

static glia_status set(glia_context *ctx, const glia_early_stopping_args *args, early_stopping *out) {
    const char *call = "glia_early_stopping";
    GLI_REQUIRE(ctx, args->min_delta >= 0 && isfinite(args->min_delta), GLIA_INVALID_ARGUMENT,
                "%s: min_delta is %g, must be finite and not negative", call, args->min_delta);
    GLI_REQUIRE(ctx, args->patience >= 0, GLIA_INVALID_ARGUMENT, "%s: patience is %d, must not be negative", call,
                args->patience);
    *out = (early_stopping){.ctx          = ctx,
                            .min_delta    = args->min_delta,
                            .patience     = args->patience ? args->patience : 1,
                            .restore_best = args->restore_best,
                            .best         = NAN};
    return gli_watch_init(ctx, call, args->watch, args->better, &out->watch);
}

static glia_status create(glia_context *ctx, const glia_early_stopping_args *args, glia_callback *out) {
    const glia_early_stopping_args defaults = {0};
    early_stopping settings;
    void *state;
    GLI_REQUIRE(ctx, out, GLIA_INVALID_ARGUMENT, "glia_early_stopping: out is NULL");
    GLI_TRY(set(ctx, args ? args : &defaults, &settings));
    GLI_TRY(gli_callback_state(ctx, sizeof settings, &state));
    *(early_stopping *)state = settings;
    *out = (glia_callback){state, .on_begin = begin, .on_epoch_end = epoch_end, .on_end = end, .destroy = destroy};
    return GLIA_OK;
}

glia_status glia_early_stopping(glia_context *ctx, const glia_early_stopping_args *args, glia_callback *out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = create(ctx, args, out);
    gli_leave(ctx);
    return status;
}
