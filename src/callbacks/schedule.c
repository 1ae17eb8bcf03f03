/* Schedules of the learning rate as functions of time. */
#include "callbacks/schedule.h"

#include <math.h>

#include "core/size.h"

#define PI 3.14159265358979323846

/* What PyTorch's OneCycleLR has as defaults: where it begins and ends, as parts of the largest rate, and how much of
 * the time it rises. */
#define ONE_CYCLE_FIRST (1.0 / 25)
#define ONE_CYCLE_LAST (ONE_CYCLE_FIRST / 1e4)
#define ONE_CYCLE_RISE 0.3

glia_schedule glia_schedule_step(int64_t period, double gamma) {
    return (glia_schedule){.kind = GLIA_SCHEDULE_STEP, .period = period, .gamma = gamma};
}

glia_schedule glia_schedule_exponential(double gamma) {
    return (glia_schedule){.kind = GLIA_SCHEDULE_EXPONENTIAL, .gamma = gamma};
}

glia_schedule glia_schedule_polynomial(int64_t total, double power) {
    return (glia_schedule){.kind = GLIA_SCHEDULE_POLYNOMIAL, .total = total, .power = power};
}

glia_schedule glia_schedule_cosine(int64_t total, double floor) {
    return (glia_schedule){.kind = GLIA_SCHEDULE_COSINE, .total = total, .floor = floor};
}

glia_schedule glia_schedule_cosine_restarts(int64_t first_cycle, double factor, double floor) {
    return (glia_schedule){
        .kind = GLIA_SCHEDULE_COSINE_RESTARTS, .total = first_cycle, .factor = factor, .floor = floor};
}

glia_schedule glia_schedule_one_cycle(int64_t total) {
    return (glia_schedule){.kind = GLIA_SCHEDULE_ONE_CYCLE, .by_step = true, .total = total};
}

/* From `from` at 0 to `to` at 1, along half a cosine. */
static double along_cosine(double from, double to, double at) { return to + (from - to) * (1 + cos(PI * at)) / 2; }

/* Where cycle n begins, of cycles of total, total factor, total factor^2, ... */
static double cycle_start(const glia_schedule *s, double n) {
    return s->factor == 1 ? (double)s->total * n : (double)s->total * (pow(s->factor, n) - 1) / (s->factor - 1);
}

/* The part of its cycle that has passed at t. */
static double in_cycle(const glia_schedule *s, int64_t t) {
    const double cycles = (double)t / (double)s->total;
    double n            = floor(s->factor == 1 ? cycles : log1p(cycles * (s->factor - 1)) / log(s->factor));
    if (cycle_start(s, n) > (double)t) --n; /* rounding */
    if (cycle_start(s, n + 1) <= (double)t) ++n;
    const double start = cycle_start(s, n);
    return fmin(1, ((double)t - start) / (cycle_start(s, n + 1) - start));
}

static double one_cycle(const glia_schedule *s, double rate, int64_t t) {
    const double last = (double)(s->total - 1), at = fmin((double)t, last);
    const double top = fmax(ONE_CYCLE_RISE * (double)s->total - 1, 0);
    if (at <= top) return along_cosine(rate * ONE_CYCLE_FIRST, rate, top > 0 ? at / top : 1);
    return along_cosine(rate, rate * ONE_CYCLE_LAST, (at - top) / (last - top));
}

static double scheduled(const glia_schedule *s, double rate, int64_t t) {
    const double passed = s->total > 0 ? (double)gli_min_i64(t, s->total) / (double)s->total : 0;
    int reached         = 0;
    switch (s->kind) {
        case GLIA_SCHEDULE_CONSTANT: return rate;
        case GLIA_SCHEDULE_STEP: return rate * pow(s->gamma, (double)(t / s->period));
        case GLIA_SCHEDULE_MULTI_STEP:
            for (int i = 0; i < s->n_milestones; ++i) reached += s->milestones[i] <= t;
            return rate * pow(s->gamma, reached);
        case GLIA_SCHEDULE_EXPONENTIAL: return rate * pow(s->gamma, (double)t);
        case GLIA_SCHEDULE_POLYNOMIAL: return rate * pow(1 - passed, s->power);
        case GLIA_SCHEDULE_COSINE: return along_cosine(rate, s->floor, passed);
        case GLIA_SCHEDULE_COSINE_RESTARTS: return along_cosine(rate, s->floor, in_cycle(s, t));
        case GLIA_SCHEDULE_ONE_CYCLE: return one_cycle(s, rate, t);
    }
    return NAN;
}

static bool ascending(const glia_schedule *s) {
    if (s->n_milestones < 1 || s->n_milestones > GLIA_MAX_MILESTONES || s->milestones[0] < 0) return false;
    for (int i = 1; i < s->n_milestones; ++i)
        if (s->milestones[i] <= s->milestones[i - 1]) return false;
    return true;
}

static bool positive(double x) { return x > 0 && isfinite(x); }

const char *gli_schedule_mistake(const glia_schedule *s) {
    if ((unsigned)s->kind > GLIA_SCHEDULE_ONE_CYCLE) return "its kind is invalid";
    if (s->warmup < 0) return "warmup must not be negative";
    if (!(s->warmup_from >= 0 && s->warmup_from <= 1)) return "warmup_from must be 0 to 1";
    const bool gamma =
        s->kind == GLIA_SCHEDULE_STEP || s->kind == GLIA_SCHEDULE_MULTI_STEP || s->kind == GLIA_SCHEDULE_EXPONENTIAL;
    if (gamma && !positive(s->gamma)) return "gamma must be positive";
    if (s->kind == GLIA_SCHEDULE_STEP && s->period < 1) return "period must be positive";
    if (s->kind == GLIA_SCHEDULE_MULTI_STEP && !ascending(s))
        return "milestones must be 1 to 16 numbers, not negative and ascending";
    if (s->kind >= GLIA_SCHEDULE_POLYNOMIAL && s->total < 1) return "total must be positive";
    if (s->kind == GLIA_SCHEDULE_ONE_CYCLE && s->total < 2) return "total must be 2 or more";
    if (s->kind == GLIA_SCHEDULE_POLYNOMIAL && !positive(s->power)) return "power must be positive";
    if (s->kind == GLIA_SCHEDULE_COSINE_RESTARTS && !(s->factor >= 1 && isfinite(s->factor)))
        return "factor must be 1 or more";
    return s->floor >= 0 && isfinite(s->floor) ? NULL : "floor must be finite and not negative";
}

double glia_schedule_rate(const glia_schedule *schedule, double rate, int64_t t) {
    if (!schedule || gli_schedule_mistake(schedule) || t < 0) return NAN;
    const int64_t warmup = schedule->warmup;
    if (t < warmup) return rate * (schedule->warmup_from + (1 - schedule->warmup_from) * (double)t / (double)warmup);
    return scheduled(schedule, rate, t - warmup);
}
