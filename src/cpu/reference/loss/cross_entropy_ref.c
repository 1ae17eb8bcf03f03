#include "ops/loss/cross_entropy_geom.h"

#include <math.h>

#include "core/provider.h"
#include "cpu/index_range.h"
#include "cpu/reference/ref.h"

/* One item, whose classes have the stride `inner`. */
typedef struct item {
    const gli_cross_entropy_geom *g;
    const double *x, *target, *weight; /* target: of this item, dense or its class */
} item;

static item item_of(const gli_cross_entropy_geom *g, const double *const *in, int64_t i) {
    const int64_t first = i / g->inner * g->classes * g->inner + i % g->inner;
    return (item){.g      = g,
                  .x      = in[GLI_CROSS_ENTROPY_X] + first,
                  .target = in[GLI_CROSS_ENTROPY_TARGET] + (g->dense ? first : i),
                  .weight = in[GLI_CROSS_ENTROPY_WEIGHT]};
}

static double weight_of(const item *it, int64_t c) { return it->weight ? it->weight[c] : 1; }

static bool ignored(const item *it) { return it->g->ignore && it->target[0] == (double)it->g->ignore_index; }

/* q[c] of the header; 0 for a class without a share, even if its weight is infinite. */
static double share(const item *it, int64_t c) {
    const gli_cross_entropy_geom *g = it->g;
    const double t                  = g->dense ? it->target[c * g->inner] : it->target[0] == (double)c;
    const double q                  = (1 - g->label_smoothing) * t + g->label_smoothing / g->classes;
    return q == 0 ? 0 : weight_of(it, c) * q;
}

/* Of the logits: the largest, and the sum of exp(x[k] - max). Added up, the logarithm of the sum would be lost beside a
 * huge number. */
typedef struct logits {
    double max, sum;
} logits;

static logits logits_of(const item *it) {
    logits l = {.max = -INFINITY};
    for (int64_t c = 0; c < it->g->classes; ++c) l.max = fmax(l.max, it->x[c * it->g->inner]);
    for (int64_t c = 0; c < it->g->classes; ++c) l.sum += exp(it->x[c * it->g->inner] - l.max);
    return l;
}

static long double log_probability(const item *it, int64_t c, logits l) {
    const long double x = it->x[c * it->g->inner];
    switch (it->g->from) {
        case GLIA_FROM_LOGITS: return x - l.max - log(l.sum);
        case GLIA_FROM_LOG_PROBABILITIES: return x;
        default: return isnan(x) ? x : log(fmin(fmax((double)x, GLI_CROSS_ENTROPY_EPSILON), 1));
    }
}

static long double loss_of(const item *it) {
    if (ignored(it)) return 0;
    const logits l   = logits_of(it);
    long double loss = 0;
    for (int64_t c = 0; c < it->g->classes; ++c) {
        const double q = share(it, c);
        if (q != 0) loss -= q * log_probability(it, c, l);
    }
    return loss;
}

/* What the sum of the losses is divided by; 0 where nothing counts. */
static long double divisor_of(const gli_cross_entropy_geom *g, const double *const *in) {
    const int64_t items = (int64_t)g->n * g->inner;
    if (g->reduction != GLIA_REDUCTION_MEAN) return 1;
    if (g->dense) return items;
    long double sum = 0;
    for (int64_t i = 0; i < items; ++i) {
        const item it = item_of(g, in, i);
        if (!ignored(&it)) sum += weight_of(&it, (int64_t)it.target[0]);
    }
    return sum;
}

static long double mean_of(long double sum, long double divisor) { return divisor == 0 ? 0 : sum / divisor; }

static void loss_of_all(const gli_cross_entropy_geom *g, const double *const *in, double *y) {
    const int64_t items = (int64_t)g->n * g->inner;
    long double sum     = 0;
    for (int64_t i = 0; i < items; ++i) {
        const item it          = item_of(g, in, i);
        const long double loss = loss_of(&it);
        if (g->reduction == GLIA_REDUCTION_NONE) y[i] = (double)loss;
        sum += loss;
    }
    if (g->reduction != GLIA_REDUCTION_NONE) y[0] = (double)mean_of(sum, divisor_of(g, in));
}

static void cross_entropy(const void *geom, const double *const *in, double *const *out) {
    loss_of_all(geom, in, out[0]);
}

/* The derivative of the item's loss with respect to x[c]; total is the sum of its shares. */
static long double slope(const item *it, int64_t c, logits l, long double total) {
    const double x = it->x[c * it->g->inner], q = share(it, c);
    switch (it->g->from) {
        case GLIA_FROM_LOGITS: return exp(x - l.max) / l.sum * total - q;
        case GLIA_FROM_LOG_PROBABILITIES: return -q;
        default: return x >= GLI_CROSS_ENTROPY_EPSILON && x <= 1 ? -(long double)q / x : 0;
    }
}

static void cross_entropy_backward(const void *geom, const double *const *in, double *const *out) {
    const gli_cross_entropy_geom *g = geom;
    const int64_t items             = (int64_t)g->n * g->inner;
    const long double divisor       = divisor_of(g, in);
    for (int64_t i = 0; i < items; ++i) {
        const item it        = item_of(g, in, i);
        const long double dy = mean_of(in[GLI_CROSS_ENTROPY_DY][g->reduction == GLIA_REDUCTION_NONE ? i : 0], divisor);
        const logits l       = logits_of(&it);
        double *dx           = out[GLI_CROSS_ENTROPY_BACK_DX] + (it.x - in[GLI_CROSS_ENTROPY_X]);
        long double total    = 0;
        for (int64_t c = 0; c < g->classes; ++c) total += share(&it, c);
        for (int64_t c = 0; c < g->classes; ++c)
            dx[c * g->inner] = ignored(&it) ? 0 : (double)(dy * slope(&it, c, l, total));
    }
    if (out[GLI_CROSS_ENTROPY_BACK_Y]) loss_of_all(g, in, out[GLI_CROSS_ENTROPY_BACK_Y]);
}

static glia_status check(const gli_call *call) {
    const gli_cross_entropy_geom *g = call->geom;
    if (g->dense) return GLIA_OK;
    const gli_index_range classes = {.low = 0, .high = g->classes, .ignore = g->ignore, .ignored = g->ignore_index};
    return gli_index_check(call, GLI_CROSS_ENTROPY_TARGET, classes);
}

static glia_status run_forward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    GLI_TRY(check(call));
    return gli_ref_run(call, workspace, cross_entropy);
}

static glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    GLI_TRY(check(call));
    return gli_ref_run(call, workspace, cross_entropy_backward);
}

const gli_provider gli_cross_entropy_ref = {
    .name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .prepare = gli_ref_prepare, .run = run_forward};
const gli_provider gli_cross_entropy_backward_ref = {
    .name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .prepare = gli_ref_prepare, .run = run_backward};
