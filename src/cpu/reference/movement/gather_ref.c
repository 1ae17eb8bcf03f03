#include "ops/movement/gather_geom.h"

#include "core/provider.h"
#include "cpu/index_range.h"
#include "cpu/reference/ref.h"
#include "cpu/reference/ref_move.h"

static glia_status check(const gli_call *call) {
    const gli_gather_geom *g = call->geom;
    return gli_index_check(call, GLI_GATHER_INDICES, (gli_index_range){.low = -(int64_t)g->size, .high = g->size});
}

static gli_origin from(const gli_call *call, const int64_t *index) {
    const gli_gather_geom *g   = call->geom;
    const glia_tensor *indices = call->in[GLI_GATHER_INDICES], *x = call->in[GLI_GATHER_X];
    const int64_t found         = gli_index_load(indices, gli_ravel_index(indices, index + g->axis));
    int64_t of_x[GLIA_MAX_DIMS] = {0};
    for (int i = 0; i < g->axis; ++i) of_x[i] = index[i];
    for (int i = g->axis + 1; i < x->ndim; ++i) of_x[i] = index[i + g->index_ndim - 1];
    of_x[g->axis] = found < 0 ? found + g->size : found;
    return (gli_origin){GLI_GATHER_X, gli_ravel_index(x, of_x)};
}

static void scatter(const void *geom, const double *const *in, double *const *out) {
    const gli_gather_geom *g = geom;
    for (int64_t i = 0; i < (int64_t)g->outer * g->size * g->inner; ++i) out[0][i] = 0;
    for (int64_t o = 0; o < g->outer; ++o)
        for (int64_t i = 0; i < g->count; ++i) {
            const int64_t index = (int64_t)in[GLI_GATHER_INDICES][i], row = index < 0 ? index + g->size : index;
            if (row == g->padding) continue;
            for (int64_t k = 0; k < g->inner; ++k)
                out[0][(o * g->size + row) * g->inner + k] += in[GLI_GATHER_X][(o * g->count + i) * g->inner + k];
        }
}

static glia_status run_gather(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    GLI_TRY(check(call));
    return gli_ref_move(call, 0, from);
}

static glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    GLI_TRY(check(call));
    return gli_ref_run(call, workspace, scatter);
}

const gli_provider gli_gather_ref          = {.name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .run = run_gather};
const gli_provider gli_gather_backward_ref = {
    .name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .prepare = gli_ref_prepare, .run = run_backward};
