#include "cpu/native/norm/batchnorm_work.h"

#include "core/parallel.h"
#include "core/size.h"
#include "cpu/native/sums.h"

enum { MAX_CHUNKS = 64, CHUNK_ELEMENTS = 16384 }; /* of the rows for sums; of a chunk of elementwise work */

gli_batchnorm_work gli_batchnorm_work_of(const gli_call *call) {
    gli_batchnorm_work w = {.g = call->geom, .planes = gli_images_in_planes(call)};
    w.rows               = (int64_t)w.g->n * w.g->area;
    const int64_t block = gli_rows_of_block(w.g->c), blocks = (w.rows + block - 1) / block;
    w.rows_per_chunk = block * gli_max_i64(1, (blocks + MAX_CHUNKS - 1) / MAX_CHUNKS);
    w.chunks         = w.planes ? w.g->n : (w.rows + w.rows_per_chunk - 1) / w.rows_per_chunk;
    return w;
}

size_t gli_batchnorm_sums(const gli_batchnorm_work *w) { return (size_t)w->chunks * (size_t)w->g->c; }

void gli_batchnorm_assign_workspace(gli_batchnorm_work *w, void *workspace) {
    const size_t c = (size_t)w->g->c, sums = gli_batchnorm_sums(w);
    w->sum     = workspace;
    w->square  = w->sum + sums;
    w->mean    = (float *)(w->square + sums);
    w->scale   = w->mean + c;
    w->shift   = w->scale + c;
    w->slope   = w->shift + c;
    w->scratch = w->slope + c;
}

const char *gli_batchnorm_decline_activation(const gli_call *call) {
    const gli_batchnorm_geom *g = call->geom;
    return g->activation == GLIA_UNARY_LINEAR || g->activation == GLIA_UNARY_RELU ? NULL : "no activation but relu";
}

void gli_batchnorm_run(const gli_call *call, gli_batchnorm_work *w, int64_t rows_per_chunk,
                       gli_batchnorm_body *over_rows, gli_batchnorm_body *over_planes) {
    const int64_t planes = (int64_t)w->g->n * w->g->c;
    if (w->planes)
        gli_parallel(call->ctx, planes, gli_max_i64(1, CHUNK_ELEMENTS / w->g->area), over_planes, w);
    else
        gli_parallel(call->ctx, w->rows, rows_per_chunk, over_rows, w);
}

int64_t gli_batchnorm_elementwise_rows(const gli_batchnorm_work *w) { return gli_max_i64(1, CHUNK_ELEMENTS / w->g->c); }

/* What follows the normalisation, for `count` elements from `first` on, while they are in the cache. */
static void epilogue(const gli_batchnorm_work *w, int64_t first, int count) {
    float *y              = w->out + first;
    const float *residual = w->residual ? w->residual + first : NULL;
    for (int i = 0; residual && i < count; ++i) y[i] += residual[i];
    for (int i = 0; w->g->activation == GLIA_UNARY_RELU && i < count; ++i)
        y[i] = y[i] <= 0 ? 0 : y[i]; /* NaN stays NaN */
}

static void normalise_rows(void *arg, int64_t begin, int64_t end) {
    const gli_batchnorm_work *w = arg;
    const int c                 = w->g->c;
    const float *mean = w->mean, *scale = w->scale, *shift = w->shift;
    for (int64_t row = begin; row < end; ++row) {
        const float *x = w->x + row * c;
        float *y       = w->out + row * c;
        for (int i = 0; i < c; ++i) y[i] = (x[i] - mean[i]) * scale[i] + shift[i];
        epilogue(w, row * c, c);
    }
}

static void normalise_planes(void *arg, int64_t begin, int64_t end) {
    const gli_batchnorm_work *w = arg;
    const int area              = w->g->area;
    for (int64_t plane = begin; plane < end; ++plane) {
        const int64_t c  = plane % w->g->c;
        const float mean = w->mean[c], scale = w->scale[c], shift = w->shift[c];
        const float *x = w->x + plane * area;
        float *y       = w->out + plane * area;
        for (int i = 0; i < area; ++i) y[i] = (x[i] - mean) * scale + shift;
        epilogue(w, plane * area, area);
    }
}

void gli_batchnorm_normalise(const gli_call *call, gli_batchnorm_work *w) {
    gli_batchnorm_run(call, w, gli_batchnorm_elementwise_rows(w), normalise_rows, normalise_planes);
}
