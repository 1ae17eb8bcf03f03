/* Callbacks that change the learning rate: by a schedule, and when nothing gets better. */
#include <math.h>

#include "callbacks/callback.h"
#include "callbacks/schedule.h"
#include "train/training.h"

/* ---- By a schedule ---- */

typedef struct scheduler {
    glia_context *ctx;
    glia_schedule schedule;
} scheduler;

/* The rate of the next step or epoch. */
static glia_status set_rate(const scheduler *s, glia_model *model) {
    const gli_compiled *c = &model->training->compiled;
    const int64_t t       = s->schedule.by_step ? c->updates : c->epochs;
    return glia_model_set_learning_rate(model, glia_schedule_rate(&s->schedule, c->optimizer.learning_rate.value, t));
}

static glia_status begin(void *user, const glia_event *event) { return set_rate(user, event->model); }

static glia_status batch_end(void *user, const glia_event *event) {
    const scheduler *s = user;
    return s->schedule.by_step ? set_rate(s, event->model) : GLIA_OK;
}

static glia_status epoch_end(void *user, const glia_event *event) {
    const scheduler *s = user;
    return s->schedule.by_step ? GLIA_OK : set_rate(s, event->model);
}

static void destroy_scheduler(void *user) {
    scheduler *s = user;
    gli_callback_state_free(s->ctx, s, sizeof *s);
}

static glia_status create_scheduler(glia_context *ctx, const glia_schedule *schedule, glia_callback *out) {
    const char *call = "glia_learning_rate_schedule";
    void *state;
    GLI_REQUIRE(ctx, out, GLIA_INVALID_ARGUMENT, "%s: out is NULL", call);
    GLI_REQUIRE(ctx, schedule, GLIA_INVALID_ARGUMENT, "%s: schedule is NULL", call);
    const char *mistake = gli_schedule_mistake(schedule);
    GLI_REQUIRE(ctx, !mistake, GLIA_INVALID_ARGUMENT, "%s: %s", call, mistake);
    GLI_TRY(gli_callback_state(ctx, sizeof(scheduler), &state));
    *(scheduler *)state = (scheduler){.ctx = ctx, .schedule = *schedule};
    *out = (glia_callback){state, .on_begin = begin, .on_batch_end = batch_end, .on_epoch_end = epoch_end,
                           .destroy = destroy_scheduler};
    return GLIA_OK;
}

glia_status glia_learning_rate_schedule(glia_context *ctx, const glia_schedule *schedule, glia_callback *out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = create_scheduler(ctx, schedule, out);
    gli_leave(ctx);
    return status;
}

/* ---- On a plateau ---- */

typedef struct plateau {
    glia_context *ctx;
    gli_watch watch;
    glia_plateau_args args; /* defaults filled in */
    double best;            /* NaN: none yet */
    int age, cooldown;      /* epochs since the best, and that do not count yet */
} plateau;

static glia_status begin_plateau(void *user, const glia_event *event) {
    plateau *p = user;
    p->best    = NAN;
    p->age = p->cooldown = 0;
    return gli_watch_begin(&p->watch, p->ctx, event);
}

static bool better(const plateau *p, bool larger, double value) {
    if (isnan(p->best) || isnan(value)) return !isnan(value);
    const double part = p->args.threshold.value;
    return larger ? value > p->best * (1 + part) : value < p->best * (1 - part);
}

static glia_status lower_rate(const plateau *p, glia_model *model) {
    const double rate = glia_model_learning_rate(model), next = fmax(rate * p->args.factor, p->args.floor);
    return next < rate ? glia_model_set_learning_rate(model, next) : GLIA_OK;
}

static glia_status watch_epoch(void *user, const glia_event *event) {
    plateau *p = user;
    const char *name;
    double value;
    GLI_TRY(gli_watch_read(&p->watch, p->ctx, event->epoch, &name, &value));
    ++p->age;
    if (better(p, gli_watch_larger(&p->watch, name), value)) p->best = value, p->age = 0;
    if (p->cooldown > 0) --p->cooldown, p->age = 0;
    if (p->age <= p->args.patience) return GLIA_OK;
    p->cooldown = p->args.cooldown;
    p->age      = 0;
    return lower_rate(p, event->model);
}

static void destroy_plateau(void *user) {
    plateau *p = user;
    gli_callback_state_free(p->ctx, p, sizeof *p);
}

static glia_status set_plateau(glia_context *ctx, const glia_plateau_args *args, plateau *out) {
    const char *call = "glia_reduce_on_plateau";
    *out             = (plateau){.ctx = ctx, .args = *args, .best = NAN};
    if (out->args.factor == 0) out->args.factor = 0.1;
    if (out->args.patience == 0) out->args.patience = 10;
    if (!out->args.threshold.set) out->args.threshold = GLIA_SET(1e-4);
    GLI_REQUIRE(ctx, out->args.factor > 0 && out->args.factor < 1, GLIA_INVALID_ARGUMENT,
                "%s: factor is %g, must be between 0 and 1", call, args->factor);
    GLI_REQUIRE(ctx, args->patience >= 0 && args->cooldown >= 0, GLIA_INVALID_ARGUMENT,
                "%s: patience is %d and cooldown %d, must not be negative", call, args->patience, args->cooldown);
    GLI_REQUIRE(ctx, out->args.threshold.value >= 0 && out->args.threshold.value < 1, GLIA_INVALID_ARGUMENT,
                "%s: threshold is %g, must be 0 to 1", call, out->args.threshold.value);
    GLI_REQUIRE(ctx, args->floor >= 0 && isfinite(args->floor), GLIA_INVALID_ARGUMENT,
                "%s: floor is %g, must be finite and not negative", call, args->floor);
    return gli_watch_init(ctx, call, args->watch, args->better, &out->watch);
}

static glia_status create_plateau(glia_context *ctx, const glia_plateau_args *args, glia_callback *out) {
    const glia_plateau_args defaults = {0};
    plateau settings;
    void *state;
    GLI_REQUIRE(ctx, out, GLIA_INVALID_ARGUMENT, "glia_reduce_on_plateau: out is NULL");
    GLI_TRY(set_plateau(ctx, args ? args : &defaults, &settings));
    GLI_TRY(gli_callback_state(ctx, sizeof settings, &state));
    *(plateau *)state = settings;
    *out = (glia_callback){state, .on_begin = begin_plateau, .on_epoch_end = watch_epoch, .destroy = destroy_plateau};
    return GLIA_OK;
}

glia_status glia_reduce_on_plateau(glia_context *ctx, const glia_plateau_args *args, glia_callback *out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = create_plateau(ctx, args, out);
    gli_leave(ctx);
    return status;
}
