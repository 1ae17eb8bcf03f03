/* softmax over the last axis of dense tensors: three passes over a row, which stays in the cache. */
#include <float.h>
#include <math.h>

#include "core/parallel.h"
#include "core/provider.h"
#include "core/size.h"
#include "cpu/native/vector_math.h"
#include "ops/softmax/softmax_geom.h"

/* LANES independent maxima and sums, so that a row is no chain of dependent operations. */
enum { LANES = 32, GRAIN = 1 << 14 };

static float fold_sum(float *lane) {
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; ++i) lane[i] += lane[i + width];
    return lane[0];
}

GLI_CLONES static float softmax_row_max(const float *x, int count) {
    float lane[LANES];
    int k = 0;
    for (int i = 0; i < LANES; ++i) lane[i] = -INFINITY;
    for (; k + LANES <= count; k += LANES)
        for (int i = 0; i < LANES; ++i) lane[i] = x[k + i] > lane[i] ? x[k + i] : lane[i];
    for (int i = 0; k < count; ++k, ++i) lane[i] = x[k] > lane[i] ? x[k] : lane[i];
    for (int i = 1; i < LANES; ++i) lane[0] = lane[i] > lane[0] ? lane[i] : lane[0];
    return lane[0];
}

/* Returns the sum of exp(x - max), and stores each of them in y, which may be x, if asked to. */
GLI_CLONES static float softmax_row_exp(const float *x, float max, int count, bool store, float *y) {
    float lane[LANES] = {0};
    for (int k = 0; k < count; k += LANES) {
        const int width = count - k < LANES ? count - k : LANES;
        float e[LANES]  = {0};
        for (int i = 0; i < width; ++i) e[i] = x[k + i];
        for (int i = 0; i < LANES; ++i) e[i] = gli_exp(e[i] - max);
        for (int i = 0; i < width; ++i) lane[i] += e[i];
        for (int i = 0; store && i < width; ++i) y[k + i] = e[i];
    }
    return fold_sum(lane);
}

GLI_CLONES static void softmax_row_scale(float scale, int count, float *y) {
    for (int k = 0; k < count; ++k) y[k] *= scale;
}

GLI_CLONES static void softmax_row_shift(const float *x, float max, float shift, int count, float *y) {
    GLI_IVDEP
    for (int k = 0; k < count; ++k) y[k] = (x[k] - max) - shift;
}

typedef struct job {
    const gli_softmax_geom *g;
    const float *x, *dy; /* x: of the forward, or y of the backward */
    float *y;            /* or dx */
} job;

static void forward_rows(void *arg, int64_t begin, int64_t end) {
    const job *j     = arg;
    const int length = j->g->length;
    for (int64_t r = begin; r < end; ++r) {
        const float *x  = j->x + r * length;
        float *y        = j->y + r * length;
        const float max = softmax_row_max(x, length);
        const float sum = softmax_row_exp(x, max, length, !j->g->log, y);
        if (j->g->log)
            softmax_row_shift(x, max, logf(sum), length, y);
        else
            softmax_row_scale(1 / sum, length, y);
    }
}

GLI_CLONES static float softmax_row_dot(const float *a, const float *b, int count) {
    float lane[LANES] = {0};
    int k             = 0;
    for (; k + LANES <= count; k += LANES)
        for (int i = 0; i < LANES; ++i) lane[i] += a[k + i] * b[k + i];
    for (int i = 0; k < count; ++k, ++i) lane[i] += a[k] * b[k];
    return fold_sum(lane);
}

GLI_CLONES static float softmax_row_sum(const float *a, int count) {
    float lane[LANES] = {0};
    int k             = 0;
    for (; k + LANES <= count; k += LANES)
        for (int i = 0; i < LANES; ++i) lane[i] += a[k + i];
    for (int i = 0; k < count; ++k, ++i) lane[i] += a[k];
    return fold_sum(lane);
}

GLI_CLONES static void softmax_row_gradient(const float *y, const float *dy, float sum, bool log, int count,
                                            float *dx) {
    if (log) {
        GLI_IVDEP
        for (int k = 0; k < count; ++k) dx[k] = dy[k] - gli_exp(y[k]) * sum;
    } else {
        GLI_IVDEP
        for (int k = 0; k < count; ++k) dx[k] = y[k] * (dy[k] - sum);
    }
}

/* Whether dy less the sum is a float, whatever dy is. */
static bool fits(float sum) { return gli_abs(sum) <= FLT_MAX * 0x1p-60f; }

/* For items of which it does not; element k stands at k step. */
static void gradient_in_double(const float *y, const float *dy, bool log, int count, int64_t step, float *dx) {
    double sum = 0;
    for (int64_t i = 0; i < count * step; i += step) sum += log ? dy[i] : (double)dy[i] * y[i];
    for (int64_t i = 0; i < count * step; i += step)
        dx[i] = (float)(log ? dy[i] - exp(y[i]) * sum : y[i] * (dy[i] - sum));
}

static void backward_rows(void *arg, int64_t begin, int64_t end) {
    const job *j     = arg;
    const int length = j->g->length;
    for (int64_t r = begin; r < end; ++r) {
        const float *y = j->x + r * length, *dy = j->dy + r * length;
        const float sum = j->g->log ? softmax_row_sum(dy, length) : softmax_row_dot(dy, y, length);
        if (fits(sum))
            softmax_row_gradient(y, dy, sum, j->g->log, length, j->y + r * length);
        else
            gradient_in_double(y, dy, j->g->log, length, 1, j->y + r * length);
    }
}

/* BLOCK columns at a time, whose sums are floats over CHAIN elements and double over those. */
enum { BLOCK = 256, CHAIN = 64 };

GLI_CLONES static void add_columns(const float *y, const float *dy, bool log, int rows, int inner, int columns,
                                   double *sum) {
    float some[BLOCK] = {0};
    for (int k = 0; k < rows; ++k, y += inner, dy += inner)
        for (int c = 0; c < columns; ++c) some[c] += log ? dy[c] : dy[c] * y[c];
    for (int c = 0; c < columns; ++c) sum[c] += some[c];
}

GLI_CLONES static void column_gradients(const float *y, const float *dy, const float *sum, bool log, int columns,
                                        float *dx) {
    if (log) {
        GLI_IVDEP
        for (int c = 0; c < columns; ++c) dx[c] = dy[c] - gli_exp(y[c]) * sum[c];
    } else {
        GLI_IVDEP
        for (int c = 0; c < columns; ++c) dx[c] = y[c] * (dy[c] - sum[c]);
    }
}

static void gradient_of_columns(const job *j, int64_t first, int columns) {
    const int length = j->g->length, inner = j->g->inner;
    const float *y = j->x + first, *dy = j->dy + first;
    float *dx          = j->y + first, sum[BLOCK];
    double wide[BLOCK] = {0};
    bool all_fit       = true;
    for (int k = 0; k < length; k += CHAIN)
        add_columns(y + (int64_t)k * inner, dy + (int64_t)k * inner, j->g->log, length - k < CHAIN ? length - k : CHAIN,
                    inner, columns, wide);
    for (int c = 0; c < columns; ++c) sum[c] = (float)wide[c], all_fit = all_fit && fits(sum[c]);
    for (int c = 0; !all_fit && c < columns; ++c) gradient_in_double(y + c, dy + c, j->g->log, length, inner, dx + c);
    for (int64_t k = 0; all_fit && k < (int64_t)length * inner; k += inner)
        column_gradients(y + k, dy + k, sum, j->g->log, columns, dx + k);
}

static int blocks_of(const gli_softmax_geom *g) { return (g->inner + BLOCK - 1) / BLOCK; }

static void backward_columns(void *arg, int64_t begin, int64_t end) {
    const job *j     = arg;
    const int blocks = blocks_of(j->g);
    for (int64_t b = begin; b < end; ++b) {
        const int column  = (int)(b % blocks) * BLOCK;
        const int columns = j->g->inner - column < BLOCK ? j->g->inner - column : BLOCK;
        gradient_of_columns(j, b / blocks * j->g->length * j->g->inner + column, columns);
    }
}

static const char *decline(const gli_call *call) {
    return ((const gli_softmax_geom *)call->geom)->inner == 1 ? NULL : "the axis is not the last";
}

static void run_rows(const gli_call *call, const job *j, void (*rows)(void *arg, int64_t begin, int64_t end)) {
    gli_parallel(call->ctx, j->g->outer, gli_max_i64(GRAIN / gli_max_i64(j->g->length, 1), 1), rows, (void *)j);
}

static glia_status run_forward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const job j = {.g = call->geom, .x = call->in[GLI_SOFTMAX_X]->data, .y = call->out[0]->data};
    run_rows(call, &j, forward_rows);
    return GLIA_OK;
}

static glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const job j = {.g  = call->geom,
                   .x  = call->in[GLI_SOFTMAX_BACKWARD_Y]->data,
                   .dy = call->in[GLI_SOFTMAX_BACKWARD_DY]->data,
                   .y  = call->out[0]->data};
    if (j.g->inner == 1) {
        run_rows(call, &j, backward_rows);
        return GLIA_OK;
    }
    const int64_t elements = (int64_t)j.g->length * gli_min_i64(j.g->inner, BLOCK);
    gli_parallel(call->ctx, (int64_t)j.g->outer * blocks_of(j.g), gli_max_i64(GRAIN / gli_max_i64(elements, 1), 1),
                 backward_columns, (void *)&j);
    return GLIA_OK;
}

const gli_provider gli_softmax_native = {
    .name = "cpu.native", .accepts = {GLI_TAKES_F32, GLI_ROW_MAJOR}, .decline = decline, .run = run_forward};
const gli_provider gli_softmax_backward_native = {
    .name = "cpu.native", .accepts = {GLI_TAKES_F32, GLI_ROW_MAJOR}, .run = run_backward};
