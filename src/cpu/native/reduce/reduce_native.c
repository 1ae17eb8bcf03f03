/* Sums and means of f32. The axes of x, ordered by memory and merged, alternate between kept (K) and reduced (R); here
 * are the patterns of training: R, KR, RK, KRK and RKR. Sums are made by chunks that depend on the sizes alone. */
#include "core/parallel.h"
#include "core/provider.h"
#include "core/size.h"
#include "cpu/native/column_sum.h"
#include "cpu/native/loops.h"
#include "cpu/native/sums.h"
#include "ops/reduce/reduce_geom.h"

enum { CHUNK = 1 << 14 };

/* x as [outer R, K, inner R], or as [outer K, R, inner K]. */
typedef struct shape {
    int64_t outer, middle, inner;
    bool columns;                       /* the second */
    int64_t outer_stride, inner_stride; /* of y; columns: along both K; else inner_stride is that along K */
} shape;

static bool reduced(const gli_loops *l, int i) { return l->stride[1][i] == 0; }

/* Tensor 0 is x or dx, tensor 1 is y or dy, with a stride of 0 along the reduced axes. */
static void init_loops(const gli_reduce_geom *g, const glia_tensor *x, const glia_tensor *y, gli_loops *out) {
    int64_t stride[GLI_LOOPS_TENSORS][GLIA_MAX_DIMS] = {{0}};
    for (int i = 0, y_axis = 0; i < g->ndim; ++i) {
        const bool kept = !(g->reduced >> i & 1);
        stride[0][i]    = x->stride[i];
        stride[1][i]    = kept ? y->stride[y_axis] : 0;
        y_axis += kept || g->keep_dims;
    }
    gli_loops_axes(out, 2, g->ndim, x->dim, stride);
    out->data[0] = x->data, out->data[1] = y->data;
}

/* False: another pattern. */
static bool shape_of(const gli_loops *l, shape *out) {
    *out           = (shape){.outer = 1, .middle = 1, .inner = 1, .inner_stride = 1};
    const int last = l->ndim - 1;
    if (l->ndim > 3 || (l->stride[0][last] != 1 && l->dim[last] > 1)) return false;
    if (l->ndim == 1 && l->dim[0] == 1) return true;
    out->columns = !reduced(l, last);
    for (int i = last, axis = 2; i >= 0; --i, --axis) { /* of outer, middle, inner */
        *(axis == 2 ? &out->inner : axis == 1 ? &out->middle : &out->outer) = l->dim[i];
        if (out->columns && axis == 2) out->inner_stride = l->stride[1][i];
        if (out->columns && axis == 0) out->outer_stride = l->stride[1][i];
        if (!out->columns && axis == 1) out->inner_stride = l->stride[1][i];
        if (reduced(l, i) == (out->columns ? axis != 1 : axis == 1)) return false;
    }
    return true;
}

typedef struct job {
    const shape *s;
    const float *x;
    float *y;
    double *partial;
    double divisor;
} job;

/* Elements of y, each the sum of a row in every outer. */
static void rows(void *arg, int64_t begin, int64_t end) {
    const job *j   = arg;
    const shape *s = j->s;
    for (int64_t k = begin; k < end; ++k) {
        double sum = 0;
        for (int64_t o = 0; o < s->outer; ++o) sum += gli_sum_of_run(j->x + (o * s->middle + k) * s->inner, s->inner);
        j->y[k * s->inner_stride] = (float)(sum / j->divisor);
    }
}

/* Everything into one number. */
static void chunk_sums(void *arg, int64_t begin, int64_t end) {
    const job *j              = arg;
    j->partial[begin / CHUNK] = gli_sum_of_run(j->x + begin, end - begin);
}

static size_t workspace_of(const shape *s) {
    if (s->columns) return gli_column_sum_workspace(s->middle, s->inner);
    return (size_t)(s->middle == 1 && s->outer == 1 ? s->inner / CHUNK + 1 : 0) * sizeof(double);
}

static const char *decline(const gli_call *call) {
    const gli_reduce_geom *g = call->geom;
    gli_loops loops;
    shape s;
    if (g->kind != GLIA_REDUCE_SUM && g->kind != GLIA_REDUCE_MEAN) return "it computes sums and means only";
    if (g->count == 0) return "there are no elements";
    init_loops(call->geom, call->in[GLI_REDUCE_X], call->out[0], &loops);
    if (!gli_is_packed(call->in[GLI_REDUCE_X]) || !shape_of(&loops, &s))
        return "it does not have this pattern of axes in memory";
    return NULL;
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    gli_loops loops;
    shape s;
    init_loops(call->geom, call->in[GLI_REDUCE_X], call->out[0], &loops);
    shape_of(&loops, &s);
    out->workspace = workspace_of(&s);
    return GLIA_OK;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    const gli_reduce_geom *g = call->geom;
    gli_loops loops;
    shape s;
    init_loops(call->geom, call->in[GLI_REDUCE_X], call->out[0], &loops);
    shape_of(&loops, &s);
    job j     = {.s = &s, .x = call->in[GLI_REDUCE_X]->data, .y = call->out[0]->data, .partial = workspace};
    j.divisor = g->kind == GLIA_REDUCE_MEAN ? g->set : 1;
    if (s.columns) {
        for (int64_t o = 0; o < s.outer; ++o) {
            const gli_column_matrix m = {.data          = j.x + o * s.middle * s.inner,
                                         .rows          = s.middle,
                                         .columns       = s.inner,
                                         .row_stride    = s.inner,
                                         .column_stride = 1};
            gli_column_mean(call->ctx, &m, j.divisor, j.y + o * s.outer_stride, s.inner_stride, workspace);
        }
    } else if (s.middle == 1 && s.outer == 1) {
        double sum = 0;
        gli_parallel(call->ctx, s.inner, CHUNK, chunk_sums, &j);
        for (int64_t i = 0; i * CHUNK < s.inner; ++i) sum += j.partial[i];
        *j.y = (float)(sum / j.divisor);
    } else {
        gli_parallel(call->ctx, s.middle, gli_max_i64(CHUNK / (s.outer * s.inner), 1), rows, &j);
    }
    return GLIA_OK;
}

static void fill_row(float *dx, int64_t count, float value) {
    for (int64_t i = 0; i < count; ++i) dx[i] = value;
}

/* dx: dy, or its share, repeated. */
static void repeat_row(const void *arg, int64_t count, float *const *data, const int64_t *stride) {
    const float scale = *(const float *)arg;
    float *dx         = data[0];
    const float *dy   = data[1];
    if (stride[0] == 1 && stride[1] == 0)
        fill_row(dx, count, dy[0] * scale);
    else if (stride[0] == 1 && stride[1] == 1)
        for (int64_t i = 0; i < count; ++i) dx[i] = dy[i] * scale;
    else
        for (int64_t i = 0; i < count; ++i) dx[i * stride[0]] = dy[i * stride[1]] * scale;
}

static const char *decline_backward(const gli_call *call) {
    const gli_reduce_geom *g = call->geom;
    if (g->kind != GLIA_REDUCE_SUM && g->kind != GLIA_REDUCE_MEAN) return "it computes sums and means only";
    return NULL;
}

static glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_reduce_geom *g = call->geom;
    const float scale        = g->kind == GLIA_REDUCE_MEAN ? 1 / (float)g->set : 1;
    gli_loops loops;
    init_loops(g, call->out[0], call->in[GLI_REDUCE_BACKWARD_DY], &loops);
    gli_loops_run(call->ctx, &loops, repeat_row, &scale);
    return GLIA_OK;
}

const gli_provider gli_reduce_native          = {.name    = "cpu.native",
                                                 .accepts = {GLI_TAKES_F32, GLI_ANY_FORMAT},
                                                 .decline = decline,
                                                 .prepare = prepare,
                                                 .run     = run};
const gli_provider gli_reduce_backward_native = {
    .name = "cpu.native", .accepts = {GLI_TAKES_F32, GLI_ANY_FORMAT}, .decline = decline_backward, .run = run_backward};
