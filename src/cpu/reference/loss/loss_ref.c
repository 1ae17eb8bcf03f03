#include "ops/loss/loss_geom.h"

#include <math.h>

#include "core/provider.h"
#include "cpu/reference/ref.h"

static double log_at_least_minus_100(double x) {
    const double l = log(x);
    return l < -100 ? -100 : l;
}

/* It may be no double, and its mean, or its product with a weight, one. */
static long double term(const gli_loss_geom *g, double p, double t) {
    const long double d = (long double)p - t, absolute = fabsl(d), wide = t;
    switch (g->kind) {
        case GLIA_LOSS_MSE: return d * d;
        case GLIA_LOSS_MAE: return absolute;
        case GLIA_LOSS_HUBER: return absolute <= g->delta ? d * d / 2 : g->delta * (absolute - g->delta / 2);
        case GLIA_LOSS_BCE: return -wide * log_at_least_minus_100(p) - (1 - wide) * log_at_least_minus_100(1 - p);
        case GLIA_LOSS_BCE_LOGITS: return (p > 0 ? p : 0) - p * wide + log1p(exp(-fabs(p)));
        default: return g->log_target ? exp(t) * (wide - p) : t == 0 ? 0 : wide * (log(t) - p);
    }
}

/* The derivative of the term with respect to p. */
static long double slope(const gli_loss_geom *g, double p, double t) {
    const long double d = (long double)p - t, sign = (d > 0) - (d < 0);
    switch (g->kind) {
        case GLIA_LOSS_MSE: return 2 * d;
        case GLIA_LOSS_MAE: return isnan(d) ? d : sign;
        case GLIA_LOSS_HUBER: return fabsl(d) > g->delta ? g->delta * sign : d;
        case GLIA_LOSS_BCE: return d / fmax(p * (1 - p), 1e-12);
        case GLIA_LOSS_BCE_LOGITS: return 1 / (1 + exp(-p)) - t;
        default: return g->log_target ? -exp(t) : -t;
    }
}

static double weight_of(const gli_loss_geom *g, const double *const *in, int64_t i) {
    return in[GLI_LOSS_WEIGHT] ? in[GLI_LOSS_WEIGHT][i / g->shared] : 1;
}

static void loss_of_all(const gli_loss_geom *g, const double *const *in, double *y) {
    long double sum = 0;
    for (int64_t i = 0; i < g->count; ++i) {
        const long double value = weight_of(g, in, i) * term(g, in[GLI_LOSS_PREDICTION][i], in[GLI_LOSS_TARGET][i]);
        if (g->reduction == GLIA_REDUCTION_NONE) y[i] = (double)value;
        sum += value;
    }
    if (g->reduction == GLIA_REDUCTION_SUM) y[0] = (double)sum;
    if (g->reduction == GLIA_REDUCTION_MEAN) y[0] = g->count > 0 ? (double)(sum / g->count) : 0;
}

static void loss(const void *geom, const double *const *in, double *const *out) { loss_of_all(geom, in, out[0]); }

static void loss_backward(const void *geom, const double *const *in, double *const *out) {
    const gli_loss_geom *g = geom;
    for (int64_t i = 0; i < g->count; ++i) {
        const long double slope_here      = slope(g, in[GLI_LOSS_PREDICTION][i], in[GLI_LOSS_TARGET][i]);
        const long double dy              = in[GLI_LOSS_DY][g->reduction == GLIA_REDUCTION_NONE ? i : 0];
        const double over                 = g->reduction == GLIA_REDUCTION_MEAN ? g->count : 1;
        out[GLI_LOSS_BACK_DPREDICTION][i] = (double)(dy / over * weight_of(g, in, i) * slope_here);
    }
    if (out[GLI_LOSS_BACK_Y]) loss_of_all(g, in, out[GLI_LOSS_BACK_Y]);
}

GLI_REF_PROVIDER(loss, loss);
GLI_REF_PROVIDER(loss_backward, loss_backward);
