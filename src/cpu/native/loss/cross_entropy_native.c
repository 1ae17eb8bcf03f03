/* Class targets and logits in rows: one pass for the maximum, one for the sum of exponentials. Sums over items are
 * made by chunk of whole items, then over the chunks in order. The gradient is made of the same exponentials, and the
 * loss beside it costs little more. */
#include <math.h>

#include "core/parallel.h"
#include "core/provider.h"
#include "core/size.h"
#include "cpu/index_range.h"
#include "cpu/native/vectorize.h"
#include "cpu/native/vector_math.h"
#include "ops/loss/cross_entropy_geom.h"

enum { CHUNK = 1 << 14 }; /* logits: less is not worth a thread */

static int64_t items_per_chunk(const gli_cross_entropy_geom *g) { return CHUNK / g->classes + 1; }

typedef struct partial {
    double loss, weight;
} partial;

typedef struct job {
    const gli_cross_entropy_geom *g;
    const glia_tensor *x, *target, *weight, *dy, *y, *dx; /* y, dx: NULL where they are not asked for */
    partial *partial;                                     /* of y */
    double all_weights, divisor;
} job;

static float weight_of(const job *j, int64_t c) {
    return j->weight ? ((const float *)j->weight->data)[c * j->weight->stride[0]] : 1;
}

/* The factors q of the loss: of an item's own class, and of each class by label smoothing. A share of 0 stays 0 even if
 * the weight is infinite. */
static double own_share(const job *j, int64_t class) {
    const double q = 1 - j->g->label_smoothing;
    return q == 0 ? 0 : q * weight_of(j, class);
}
static double smooth_share(const job *j, double weight) {
    const double q = j->g->label_smoothing / j->g->classes;
    return q == 0 ? 0 : q * weight;
}

static bool ignored(const job *j, int64_t class) { return j->g->ignore && class == j->g->ignore_index; }

static const float *row_of(const glia_tensor *x, int64_t i) { return (const float *)x->data + i * x->stride[0]; }
static float *dx_row_of(const job *j, int64_t i) { return (float *)j->dx->data + i * j->dx->stride[0]; }

/* 0 where nothing counts. */
static double mean_of(double sum, double divisor) { return divisor == 0 ? 0 : sum / divisor; }

/* Rows go through LANES independent chains, in float over blocks and in double over the blocks. */
enum { LANES = 16, BLOCK = 1024 };

GLI_CLONES static float logits_max(const float *x, int count) {
    float lane[LANES], max = -INFINITY;
    int c = 0;
    for (int k = 0; k < LANES; ++k) lane[k] = -INFINITY;
    for (; c + LANES <= count; c += LANES)
        for (int k = 0; k < LANES; ++k) lane[k] = x[c + k] > lane[k] ? x[c + k] : lane[k];
    for (; c < count; ++c) max = x[c] > max ? x[c] : max;
    for (int k = 0; k < LANES; ++k) max = lane[k] > max ? lane[k] : max;
    return max;
}

/* The sum of exp(x[c] - max), and each of them in e, for at most BLOCK elements. */
GLI_CLONES static float logits_exp(const float *restrict x, int count, float max, float *restrict e) {
    float lane[LANES] = {0}, sum = 0;
    int c = 0;
    for (int k = 0; k < count; ++k) e[k] = gli_exp(x[k] - max);
    for (; c + LANES <= count; c += LANES)
        for (int k = 0; k < LANES; ++k) lane[k] += e[c + k];
    for (; c < count; ++c) sum += e[c];
    for (int k = 0; k < LANES; ++k) sum += lane[k];
    return sum;
}

/* The same for a whole row; e may be NULL. */
static double sum_of_exp(const float *x, int count, float max, float *e) {
    float discarded[BLOCK];
    double sum = 0;
    for (int c = 0; c < count; c += BLOCK)
        sum += logits_exp(x + c, count - c < BLOCK ? count - c : BLOCK, max, e ? e + c : discarded);
    return sum;
}

/* Rows too short to fill a vector, LANES of them at once: e[c][k] is element c of row k, and its exponential after. */
GLI_CLONES static void logits_of_short_rows(float (*e)[LANES], int count, float *max, float *sum) {
    for (int k = 0; k < LANES; ++k) max[k] = -INFINITY, sum[k] = 0;
    for (int c = 0; c < count; ++c)
        for (int k = 0; k < LANES; ++k) max[k] = e[c][k] > max[k] ? e[c][k] : max[k];
    for (int c = 0; c < count; ++c)
        for (int k = 0; k < LANES; ++k) {
            e[c][k] = gli_exp(e[c][k] - max[k]);
            sum[k] += e[c][k];
        }
}

/* At most LANES rows: their maxima and sums of exponentials. */
typedef struct group {
    float max[LANES];
    double sum[LANES];
} group;

static void group_of_short_rows(const job *j, int64_t first, int rows, group *out) {
    const int classes     = j->g->classes;
    float e[LANES][LANES] = {{0}}, sum[LANES];
    for (int k = 0; k < rows; ++k)
        for (int c = 0; c < classes; ++c) e[c][k] = row_of(j->x, first + k)[c];
    logits_of_short_rows(e, classes, out->max, sum);
    for (int k = 0; k < rows; ++k) out->sum[k] = sum[k];
    for (int k = 0; j->dx && k < rows; ++k)
        for (int c = 0; c < classes; ++c) dx_row_of(j, first + k)[c] = e[c][k];
}

/* Leaves the exponentials in dx. */
static group group_of(const job *j, int64_t first, int rows) {
    group out;
    if (j->g->classes < LANES) {
        group_of_short_rows(j, first, rows, &out);
        return out;
    }
    for (int k = 0; k < rows; ++k) {
        const float *x = row_of(j->x, first + k);
        out.max[k]     = logits_max(x, j->g->classes);
        out.sum[k]     = sum_of_exp(x, j->g->classes, out.max[k], j->dx ? dx_row_of(j, first + k) : NULL);
    }
    return out;
}

/* log_sum: added to a huge max, it would be lost. */
static double loss_of(const job *j, const float *x, int64_t class, double max, double log_sum) {
    const double own = own_share(j, class);
    double loss      = 0;
    if (own != 0) loss = own * (max - x[class] + log_sum);
    for (int c = 0; j->g->label_smoothing > 0 && c < j->g->classes; ++c) {
        const double q = smooth_share(j, weight_of(j, c));
        if (q != 0) loss += q * (max - x[c] + log_sum);
    }
    return loss;
}

static void add_losses(const job *j, int64_t first, int rows, const group *at, partial *sum) {
    for (int k = 0; k < rows; ++k) {
        const int64_t i = first + k, class = gli_index_load(j->target, i);
        const bool counts = !ignored(j, class);
        const double loss = counts ? loss_of(j, row_of(j->x, i), class, at->max[k], log(at->sum[k])) : 0;
        sum->loss += loss;
        sum->weight += counts ? weight_of(j, class) : 0;
        if (j->g->reduction == GLIA_REDUCTION_NONE) ((float *)j->y->data)[i * j->y->stride[0]] = (float)loss;
    }
}

/* sum: of the exponentials in dx. */
static void gradient_of_row(const job *j, int64_t i, double sum, float *dx) {
    const int classes   = j->g->classes;
    const double s      = j->g->label_smoothing;
    const float *dy     = j->dy->data;
    const int64_t class = gli_index_load(j->target, i);
    if (ignored(j, class)) {
        for (int c = 0; c < classes; ++c) dx[c] = 0;
        return;
    }
    const double slope = mean_of(j->dy->ndim ? dy[i * j->dy->stride[0]] : dy[0], j->divisor);
    const double own = own_share(j, class), total = own + smooth_share(j, j->all_weights);
    const float scale = (float)(slope * total / sum);
    if (!isfinite(scale)) { /* small exponentials may make floats of it */
        for (int c = 0; c < classes; ++c)
            dx[c] =
                (float)(slope * (dx[c] * (total / sum) - smooth_share(j, weight_of(j, c)) - (c == class ? own : 0)));
        return;
    }
    for (int c = 0; c < classes; ++c) dx[c] *= scale;
    for (int c = 0; s > 0 && c < classes; ++c) dx[c] -= (float)(slope * smooth_share(j, weight_of(j, c)));
    dx[class] -= (float)(slope * own);
}

static void do_rows(void *arg, int64_t begin, int64_t end) {
    const job *j = arg;
    partial sum  = {0};
    for (int64_t i = begin; i < end; i += LANES) {
        const int rows = (int)gli_min_i64(LANES, end - i);
        const group at = group_of(j, i, rows);
        if (j->y) add_losses(j, i, rows, &at, &sum);
        for (int k = 0; j->dx && k < rows; ++k) gradient_of_row(j, i + k, at.sum[k], dx_row_of(j, i + k));
    }
    if (j->y) j->partial[begin / items_per_chunk(j->g)] = sum;
}

static bool rows(const glia_tensor *x) { return x->dim[1] == 1 || x->stride[1] == 1; }

static const char *decline(const gli_call *call) {
    const gli_cross_entropy_geom *g = call->geom;
    const glia_tensor *x = call->in[GLI_CROSS_ENTROPY_X], *out = call->out[0];
    if (g->dense || g->from != GLIA_FROM_LOGITS) return "it takes logits and classes only";
    if (x->ndim != 2 || !rows(x) || (out->ndim == 2 && !rows(out))) return "the logits are not rows without gaps";
    return NULL;
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_cross_entropy_geom *g = call->geom;
    out->workspace                  = ((size_t)(g->n / items_per_chunk(g)) + 1) * sizeof(partial);
    return GLIA_OK;
}

static glia_status check(const gli_call *call) {
    const gli_cross_entropy_geom *g = call->geom;
    const gli_index_range classes   = {.low = 0, .high = g->classes, .ignore = g->ignore, .ignored = g->ignore_index};
    return gli_index_check(call, GLI_CROSS_ENTROPY_TARGET, classes);
}

static job job_of(const gli_call *call, void *workspace) {
    return (job){.g       = call->geom,
                 .x       = call->in[GLI_CROSS_ENTROPY_X],
                 .target  = call->in[GLI_CROSS_ENTROPY_TARGET],
                 .weight  = call->n_in > GLI_CROSS_ENTROPY_WEIGHT ? call->in[GLI_CROSS_ENTROPY_WEIGHT] : NULL,
                 .partial = workspace,
                 .divisor = 1};
}

static void do_job(const gli_call *call, job *j) {
    const int64_t grain = items_per_chunk(j->g);
    partial sum         = {0};
    gli_parallel(call->ctx, j->g->n, grain, do_rows, j);
    if (!j->y || j->g->reduction == GLIA_REDUCTION_NONE) return;
    for (int64_t i = 0; i * grain < j->g->n; ++i) {
        sum.loss += j->partial[i].loss;
        sum.weight += j->partial[i].weight;
    }
    *(float *)j->y->data = (float)(j->g->reduction == GLIA_REDUCTION_MEAN ? mean_of(sum.loss, sum.weight) : sum.loss);
}

static glia_status run_forward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    GLI_TRY(check(call));
    job j = job_of(call, workspace);
    j.y   = call->out[0];
    do_job(call, &j);
    return GLIA_OK;
}

static glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    GLI_TRY(check(call));
    job j = job_of(call, workspace);
    j.dy  = call->in[GLI_CROSS_ENTROPY_DY];
    j.dx  = call->out[GLI_CROSS_ENTROPY_BACK_DX];
    j.y   = call->out[GLI_CROSS_ENTROPY_BACK_Y];
    for (int c = 0; c < j.g->classes; ++c) j.all_weights += weight_of(&j, c);
    if (j.g->reduction == GLIA_REDUCTION_MEAN) {
        j.divisor = 0;
        for (int64_t i = 0; i < j.g->n; ++i) {
            const int64_t class = gli_index_load(j.target, i);
            if (!ignored(&j, class)) j.divisor += weight_of(&j, class);
        }
    }
    do_job(call, &j);
    return GLIA_OK;
}

const gli_provider gli_cross_entropy_native          = {.name    = "cpu.native",
                                                        .accepts = {GLI_TAKES_F32, GLI_ANY_FORMAT},
                                                        .decline = decline,
                                                        .prepare = prepare,
                                                        .run     = run_forward};
const gli_provider gli_cross_entropy_backward_native = {.name    = "cpu.native",
                                                        .accepts = {GLI_TAKES_F32, GLI_ANY_FORMAT},
                                                        .decline = decline,
                                                        .prepare = prepare,
                                                        .run     = run_backward};
