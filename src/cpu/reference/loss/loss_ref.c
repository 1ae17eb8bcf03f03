#include "ops/loss/loss_geom.h"

#include <math.h>

#include "core/provider.h"
#include "cpu/reference/ref.h"

static double log_at_least_minus_100(double x) {
    const double l = log(x);
    return l < -100 ? -100 : l;
}

static double term(const gli_loss_geom *g, double p, double t) {
    const double d = p - t, absolute = fabs(d);
    switch (g->kind) {
        case GLIA_LOSS_MSE: return d * d;
        case GLIA_LOSS_MAE: return absolute;
        case GLIA_LOSS_HUBER: return absolute <= g->delta ? d * d / 2 : g->delta * (absolute - g->delta / 2);
        case GLIA_LOSS_BCE: return -t * log_at_least_minus_100(p) - (1 - t) * log_at_least_minus_100(1 - p);
        case GLIA_LOSS_BCE_LOGITS: return (p > 0 ? p : 0) - p * t + log1p(exp(-fabs(p)));
        default: return g->log_target ? exp(t) * (t - p) : t == 0 ? 0 : t * (log(t) - p);
    }
}

/* The derivative of the term with respect to p. */
static double slope(const gli_loss_geom *g, double p, double t) {
    const double d = p - t, sign = (d > 0) - (d < 0);
    switch (g->kind) {
        case GLIA_LOSS_MSE: return 2 * d;
        case GLIA_LOSS_MAE: return isnan(d) ? d : sign;
        case GLIA_LOSS_HUBER: return fabs(d) > g->delta ? g->delta * sign : d;
        case GLIA_LOSS_BCE: return d / fmax(p * (1 - p), 1e-12);
        case GLIA_LOSS_BCE_LOGITS: return 1 / (1 + exp(-p)) - t;
        default: return g->log_target ? -exp(t) : -t;
    }
}

static double weight_of(const gli_loss_geom *g, const double *const *in, int64_t i) {
    return in[GLI_LOSS_WEIGHT] ? in[GLI_LOSS_WEIGHT][i / g->shared] : 1;
}

static void loss_of_all(const gli_loss_geom *g, const double *const *in, double *y) {
    double sum = 0;
    for (int64_t i = 0; i < g->count; ++i) {
        const double value = weight_of(g, in, i) * term(g, in[GLI_LOSS_PREDICTION][i], in[GLI_LOSS_TARGET][i]);
        if (g->reduction == GLIA_REDUCTION_NONE) y[i] = value;
        sum += value;
    }
    if (g->reduction == GLIA_REDUCTION_SUM) y[0] = sum;
    if (g->reduction == GLIA_REDUCTION_MEAN) y[0] = g->count > 0 ? sum / g->count : 0;
}

static void loss(const void *geom, const double *const *in, double *const *out) { loss_of_all(geom, in, out[0]); }

static void loss_backward(const void *geom, const double *const *in, double *const *out) {
    const gli_loss_geom *g = geom;
    for (int64_t i = 0; i < g->count; ++i) {
        const double dy = g->reduction == GLIA_REDUCTION_NONE   ? in[GLI_LOSS_DY][i]
                          : g->reduction == GLIA_REDUCTION_MEAN ? in[GLI_LOSS_DY][0] / g->count
                                                                : in[GLI_LOSS_DY][0];
        out[GLI_LOSS_BACK_DPREDICTION][i] =
            dy * weight_of(g, in, i) * slope(g, in[GLI_LOSS_PREDICTION][i], in[GLI_LOSS_TARGET][i]);
    }
    if (out[GLI_LOSS_BACK_Y]) loss_of_all(g, in, out[GLI_LOSS_BACK_Y]);
}

GLI_REF_PROVIDER(loss, loss);
GLI_REF_PROVIDER(loss_backward, loss_backward);
