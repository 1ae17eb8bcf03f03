/* Rows of `inner` elements: copied for gather; for the backward, each thread owns some columns of dx and adds the rows
 * in the order of the indices, so that the sums do not depend on the threads. A row of dx that more than
 * GLI_LONGEST_CHAIN indices name is summed in doubles: there are few of those, which have a place in the workspace. */
#include <string.h>

#include "core/dtype.h"
#include "core/parallel.h"
#include "core/provider.h"
#include "core/size.h"
#include "cpu/index_range.h"
#include "ops/movement/gather_geom.h"

enum { UNIT_BYTES = 1 << 15, COLUMNS = 64 };

typedef struct job {
    const gli_gather_geom *g;
    const glia_tensor *from, *indices, *to;
    size_t row_bytes;
    double *totals; /* backward: [outer][place][inner] */
    int *places;    /* of each row of dx, from 0; -1: it is summed where it is */
    int64_t most;   /* places */
} job;

static int64_t row_of(const job *j, int64_t i) {
    const int64_t index = gli_index_load(j->indices, i);
    return index < 0 ? index + j->g->size : index;
}

static void copy_rows(void *arg, int64_t begin, int64_t end) {
    const job *j = arg;
    for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t row = unit / j->g->count * j->g->size + row_of(j, unit % j->g->count);
        memcpy((char *)j->to->data + (size_t)unit * j->row_bytes,
               (const char *)j->from->data + (size_t)row * j->row_bytes, j->row_bytes);
    }
}

/* Some columns of the rows that have a place. */
static void store_totals(const job *j, const double *totals, int64_t width, float *dx) {
    for (int64_t row = 0; row < j->g->size; ++row)
        for (int64_t k = 0; j->places[row] >= 0 && k < width; ++k)
            dx[row * j->g->inner + k] = (float)totals[j->places[row] * j->g->inner + k];
}

static void add_columns(void *arg, int64_t begin, int64_t end) {
    const job *j             = arg;
    const gli_gather_geom *g = j->g;
    const int64_t slices     = (g->inner + COLUMNS - 1) / COLUMNS;
    for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t outer = unit / slices, first = unit % slices * COLUMNS;
        const int64_t width = gli_min_i64(COLUMNS, g->inner - first);
        const float *dy     = j->from->data; /* NULL if the count is 0 */
        float *dx           = (float *)j->to->data + outer * g->size * g->inner + first;
        double *totals      = j->most ? j->totals + outer * j->most * g->inner + first : NULL;
        for (int64_t k = 0; k < j->most; ++k) memset(totals + k * g->inner, 0, (size_t)width * sizeof *totals);
        for (int64_t row = 0; row < g->size; ++row) memset(dx + row * g->inner, 0, (size_t)width * sizeof *dx);
        for (int64_t i = 0; i < g->count; ++i) {
            const int64_t row = row_of(j, i);
            if (row == g->padding) continue;
            float *restrict sum       = dx + row * g->inner;
            const float *restrict add = dy + (outer * g->count + i) * g->inner + first;
            const int place           = j->most ? j->places[row] : -1;
            double *restrict total    = place < 0 ? NULL : totals + place * g->inner;
            for (int64_t k = 0; !total && k < width; ++k) sum[k] += add[k];
            for (int64_t k = 0; total && k < width; ++k) total[k] += add[k];
        }
        if (j->most) store_totals(j, totals, width, dx);
    }
}

static job job_of(const gli_call *call) {
    const gli_gather_geom *g = call->geom;
    return (job){.g         = g,
                 .from      = call->in[GLI_GATHER_X],
                 .indices   = call->in[GLI_GATHER_INDICES],
                 .to        = call->out[0],
                 .row_bytes = (size_t)g->inner * glia_dtype_size(call->out[0]->dtype)};
}

static glia_status check(const gli_call *call) {
    const gli_gather_geom *g = call->geom;
    return gli_index_check(call, GLI_GATHER_INDICES, (gli_index_range){.low = -(int64_t)g->size, .high = g->size});
}

static glia_status run_gather(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    job j = job_of(call);
    GLI_TRY(check(call));
    if (j.row_bytes == 0) return GLIA_OK;
    gli_parallel(call->ctx, (int64_t)j.g->outer * j.g->count, UNIT_BYTES / (int64_t)(j.row_bytes + 1) + 1, copy_rows,
                 &j);
    return GLIA_OK;
}

/* So many rows at most are named by more indices than a chain may have. */
static int64_t most_places(const gli_gather_geom *g) { return g->count / (GLI_LONGEST_CHAIN + 1); }

static size_t totals_bytes(const gli_gather_geom *g) {
    return (size_t)g->outer * (size_t)most_places(g) * (size_t)g->inner * sizeof(double);
}

static glia_status prepare_backward(const gli_call *call, gli_prepared *out) {
    const gli_gather_geom *g = call->geom;
    if (most_places(g)) out->workspace = totals_bytes(g) + (size_t)g->size * sizeof(int);
    return GLIA_OK;
}

static void find_places(job *j) {
    int next = 0;
    memset(j->places, 0, (size_t)j->g->size * sizeof *j->places);
    for (int64_t i = 0; i < j->g->count; ++i) ++j->places[row_of(j, i)];
    for (int64_t row = 0; row < j->g->size; ++row)
        j->places[row] = j->places[row] > GLI_LONGEST_CHAIN && row != j->g->padding ? next++ : -1;
}

static glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    job j = job_of(call);
    GLI_TRY(check(call));
    j.most = most_places(j.g);
    if (j.most) {
        j.totals = workspace;
        j.places = (int *)((char *)workspace + totals_bytes(j.g));
        find_places(&j);
    }
    gli_parallel(call->ctx, (int64_t)j.g->outer * ((j.g->inner + COLUMNS - 1) / COLUMNS), 1, add_columns, &j);
    return GLIA_OK;
}

const gli_provider gli_gather_native = {
    .name = "cpu.native", .accepts = {GLI_TAKES_FLOATS, GLI_ROW_MAJOR}, .run = run_gather};
const gli_provider gli_gather_backward_native = {
    .name = "cpu.native", .accepts = {GLI_TAKES_F32, GLI_ROW_MAJOR}, .prepare = prepare_backward, .run = run_backward};
