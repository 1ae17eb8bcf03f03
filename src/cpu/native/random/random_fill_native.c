/* gli_random_element on all threads, without an array of doubles in between. */
#include "core/dtype.h"
#include "core/parallel.h"
#include "core/provider.h"
#include "cpu/random_element.h"

enum { GRAIN = 1 << 12 };

static void fill_chunk(void *arg, int64_t begin, int64_t end) {
    const gli_call *call = arg;
    const glia_tensor *y = call->out[0];
    for (int64_t i = begin; i < end; ++i) gli_store(y->dtype, y->data, i, gli_random_element(call->geom, (int)i));
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    gli_parallel(call->ctx, ((const gli_random_fill_geom *)call->geom)->count, GRAIN, fill_chunk,
                 (void *)(uintptr_t)call);
    return GLIA_OK;
}

const gli_provider gli_random_fill_native = {
    .name = "cpu.native", .accepts = {GLI_TAKES_FLOATS, GLI_ROW_MAJOR}, .run = run};
