/* Class targets and logits in rows: one pass for the largest, one for the sum of exponentials. Sums over items are
 * made in pieces of GRAIN items, then over the pieces in order. */
#include <math.h>

#include "core/parallel.h"
#include "core/size.h"
#include "cpu/index.h"
#include "ops/cross_entropy.h"

enum { GRAIN = 64 };

typedef struct piece {
    double loss, weight;
} piece;

typedef struct job {
    const glia_cross_entropy_geom *g;
    const glia_tensor *x, *target, *weight, *dy, *out;
    piece *pieces;
    double all_weights, divisor;
} job;

static float weight_of(const job *j, int64_t c) {
    return j->weight ? ((const float *)j->weight->data)[c * j->weight->stride[0]] : 1;
}

static bool ignored(const job *j, int64_t class) { return j->g->ignore && class == j->g->ignore_index; }

static const float *row_of(const glia_tensor *x, int64_t i) { return (const float *)x->data + i * x->stride[0]; }

static float largest(const float *x, int64_t count) {
    float most = -INFINITY;
    for (int64_t c = 0; c < count; ++c) most = x[c] > most ? x[c] : most;
    return most;
}

static double loss_of(const job *j, const float *x, int64_t class) {
    const int classes = j->g->classes;
    const float most  = largest(x, classes);
    const double s = j->g->label_smoothing, own = (1 - s) * weight_of(j, class);
    double sum = 0, loss = 0;
    for (int c = 0; c < classes; ++c) sum += expf(x[c] - most);
    const double lse = most + log(sum);
    if (own != 0) loss = own * (lse - x[class]);
    for (int c = 0; s > 0 && c < classes; ++c) {
        const double q = s / classes * weight_of(j, c);
        if (q != 0) loss += q * (lse - x[c]);
    }
    return loss;
}

static void forward_rows(void *arg, int64_t begin, int64_t end) {
    const job *j = arg;
    piece sum    = {0};
    for (int64_t i = begin; i < end; ++i) {
        const int64_t class = glia_index_load(j->target, i);
        const bool counts   = !ignored(j, class);
        const double loss   = counts ? loss_of(j, row_of(j->x, i), class) : 0;
        sum.loss += loss;
        sum.weight += counts ? weight_of(j, class) : 0;
        if (j->g->reduction == GLIA_REDUCE_NONE) ((float *)j->out->data)[i * j->out->stride[0]] = (float)loss;
    }
    j->pieces[begin / GRAIN] = sum;
}

static void backward_rows(void *arg, int64_t begin, int64_t end) {
    const job *j      = arg;
    const int classes = j->g->classes;
    const double s    = j->g->label_smoothing;
    const float *dy   = j->dy->data;
    for (int64_t i = begin; i < end; ++i) {
        const float *x      = row_of(j->x, i);
        float *dx           = (float *)j->out->data + i * j->out->stride[0];
        const int64_t class = glia_index_load(j->target, i);
        if (ignored(j, class)) {
            for (int c = 0; c < classes; ++c) dx[c] = 0;
            continue;
        }
        const float most   = largest(x, classes);
        const double slope = (j->dy->ndim ? dy[i * j->dy->stride[0]] : dy[0]) / j->divisor;
        const double own = (1 - s) * weight_of(j, class), total = own + s / classes * j->all_weights;
        double sum = 0;
        for (int c = 0; c < classes; ++c) {
            dx[c] = expf(x[c] - most);
            sum += dx[c];
        }
        const float scale = (float)(slope * total / sum), spread = (float)(slope * s / classes);
        for (int c = 0; c < classes; ++c) dx[c] = dx[c] * scale - spread * weight_of(j, c);
        dx[class] -= (float)(slope * own);
    }
}

static bool rows(const glia_tensor *x) { return x->dim[1] == 1 || x->stride[1] == 1; }

static const char *decline(const glia_call *call) {
    const glia_cross_entropy_geom *g = call->geom;
    const glia_tensor *x = call->in[CROSS_ENTROPY_X], *out = call->out[0];
    if (x->dtype != GLIA_F32) return "it computes in f32 only";
    if (g->dense || g->from != GLIA_LOGITS) return "it takes logits and classes only";
    if (x->ndim != 2 || !rows(x) || (out->ndim == 2 && !rows(out))) return "the logits are not rows without gaps";
    return NULL;
}

static glia_status prepare(const glia_call *call, glia_prepared *out) {
    const glia_cross_entropy_geom *g = call->geom;
    out->workspace                   = ((size_t)g->n / GRAIN + 1) * sizeof(piece);
    return GLIA_OK;
}

static glia_status check(const glia_call *call) {
    const glia_cross_entropy_geom *g = call->geom;
    const glia_index_range classes   = {.low = 0, .high = g->classes, .ignore = g->ignore, .ignored = g->ignore_index};
    return glia_index_check(call, CROSS_ENTROPY_TARGET, classes);
}

static job job_of(const glia_call *call) {
    const bool backward = call->n_in > CROSS_ENTROPY_DY;
    return (job){.g       = call->geom,
                 .x       = call->in[CROSS_ENTROPY_X],
                 .target  = call->in[CROSS_ENTROPY_TARGET],
                 .weight  = call->n_in > CROSS_ENTROPY_WEIGHT ? call->in[CROSS_ENTROPY_WEIGHT] : NULL,
                 .dy      = backward ? call->in[CROSS_ENTROPY_DY] : NULL,
                 .out     = call->out[0],
                 .divisor = 1};
}

static glia_status run_forward(const glia_call *call, const glia_prepared *prepared, void *workspace) {
    (void)prepared;
    GLIA_TRY(check(call));
    job j     = job_of(call);
    piece sum = {0};
    j.pieces  = workspace;
    glia_parallel(call->ctx, j.g->n, GRAIN, forward_rows, &j);
    if (j.g->reduction == GLIA_REDUCE_NONE) return GLIA_OK;
    for (int64_t i = 0; i * GRAIN < j.g->n; ++i) {
        sum.loss += j.pieces[i].loss;
        sum.weight += j.pieces[i].weight;
    }
    *(float *)j.out->data = (float)(j.g->reduction == GLIA_REDUCE_MEAN ? sum.loss / sum.weight : sum.loss);
    return GLIA_OK;
}

static glia_status run_backward(const glia_call *call, const glia_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    GLIA_TRY(check(call));
    job j = job_of(call);
    for (int c = 0; c < j.g->classes; ++c) j.all_weights += weight_of(&j, c);
    if (j.g->reduction == GLIA_REDUCE_MEAN) {
        j.divisor = 0;
        for (int64_t i = 0; i < j.g->n; ++i) {
            const int64_t class = glia_index_load(j.target, i);
            if (!ignored(&j, class)) j.divisor += weight_of(&j, class);
        }
    }
    glia_parallel(call->ctx, j.g->n, GRAIN, backward_rows, &j);
    return GLIA_OK;
}

const glia_provider glia_cross_entropy_native = {
    .name = "cpu.native", .decline = decline, .prepare = prepare, .run = run_forward};
const glia_provider glia_cross_entropy_backward_native = {
    .name = "cpu.native", .decline = decline, .run = run_backward};
