#include "ops/movement/gather_geom.h"

#include "cpu/index_range.h"
#include "cpu/reference/ref.h"
#include "cpu/reference/ref_move.h"

static glia_status check(const glia_call *call) {
    const glia_gather_geom *g = call->geom;
    return glia_index_check(call, GATHER_INDICES, (glia_index_range){.low = -(int64_t)g->size, .high = g->size});
}

static glia_origin from(const glia_call *call, const int64_t *index) {
    const glia_gather_geom *g  = call->geom;
    const glia_tensor *indices = call->in[GATHER_INDICES], *x = call->in[GATHER_X];
    const int64_t found         = glia_index_load(indices, glia_element_at(indices, index + g->axis));
    int64_t of_x[GLIA_MAX_DIMS] = {0};
    for (int i = 0; i < g->axis; ++i) of_x[i] = index[i];
    for (int i = g->axis + 1; i < x->ndim; ++i) of_x[i] = index[i + g->index_ndim - 1];
    of_x[g->axis] = found < 0 ? found + g->size : found;
    return (glia_origin){GATHER_X, glia_element_at(x, of_x)};
}

static void scatter(const void *geom, const double *const *in, double *const *out) {
    const glia_gather_geom *g = geom;
    for (int64_t i = 0; i < (int64_t)g->outer * g->size * g->inner; ++i) out[0][i] = 0;
    for (int64_t o = 0; o < g->outer; ++o)
        for (int64_t i = 0; i < g->count; ++i) {
            const int64_t index = (int64_t)in[GATHER_INDICES][i], row = index < 0 ? index + g->size : index;
            if (row == g->padding) continue;
            for (int64_t k = 0; k < g->inner; ++k)
                out[0][(o * g->size + row) * g->inner + k] += in[GATHER_X][(o * g->count + i) * g->inner + k];
        }
}

static glia_status run_gather(const glia_call *call, const glia_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    GLIA_TRY(check(call));
    return glia_ref_move(call, 0, from);
}

static glia_status run_backward(const glia_call *call, const glia_prepared *prepared, void *workspace) {
    (void)prepared;
    GLIA_TRY(check(call));
    return glia_ref_run(call, workspace, scatter);
}

const glia_provider glia_gather_ref          = {.name = "cpu.ref", .run = run_gather};
const glia_provider glia_gather_backward_ref = {.name = "cpu.ref", .prepare = glia_ref_prepare, .run = run_backward};
