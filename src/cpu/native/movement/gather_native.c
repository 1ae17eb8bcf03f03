/* Rows of `inner` elements: copied for gather; for the backward, each thread owns some columns of dx and adds the rows
 * in the order of the indices, so that the sums do not depend on the threads. */
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

static void add_columns(void *arg, int64_t begin, int64_t end) {
    const job *j             = arg;
    const gli_gather_geom *g = j->g;
    const int64_t slices     = (g->inner + COLUMNS - 1) / COLUMNS;
    for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t outer = unit / slices, first = unit % slices * COLUMNS;
        const int64_t width = gli_min_i64(COLUMNS, g->inner - first);
        const float *dy     = j->from->data; /* NULL if the count is 0 */
        float *dx           = (float *)j->to->data + outer * g->size * g->inner + first;
        for (int64_t row = 0; row < g->size; ++row) memset(dx + row * g->inner, 0, (size_t)width * sizeof *dx);
        for (int64_t i = 0; i < g->count; ++i) {
            const int64_t row = row_of(j, i);
            if (row == g->padding) continue;
            float *restrict sum       = dx + row * g->inner;
            const float *restrict add = dy + (outer * g->count + i) * g->inner + first;
            for (int64_t k = 0; k < width; ++k) sum[k] += add[k];
        }
    }
}

static job job_of(const gli_call *call) {
    const gli_gather_geom *g = call->geom;
    return (job){g, call->in[GLI_GATHER_X], call->in[GLI_GATHER_INDICES], call->out[0],
                 (size_t)g->inner * glia_dtype_size(call->out[0]->dtype)};
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

static glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    job j = job_of(call);
    GLI_TRY(check(call));
    gli_parallel(call->ctx, (int64_t)j.g->outer * ((j.g->inner + COLUMNS - 1) / COLUMNS), 1, add_columns, &j);
    return GLIA_OK;
}

const gli_provider gli_gather_native = {
    .name = "cpu.native", .accepts = {GLI_TAKES_FLOATS, GLI_ROW_MAJOR}, .run = run_gather};
const gli_provider gli_gather_backward_native = {
    .name = "cpu.native", .accepts = {GLI_TAKES_F32, GLI_ROW_MAJOR}, .run = run_backward};
