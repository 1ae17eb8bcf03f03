#include "core/provider.h"
#include "cpu/native/call_floats.h"
#include "cpu/native/finite.h"
#include "ops/optimizer/check_finite_geom.h"

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_check_finite_geom *g = call->geom;
    const int64_t step             = *(const int64_t *)call->in[GLI_CHECK_FINITE_STEP]->data;
    int64_t failed                 = *(const int64_t *)call->in[GLI_CHECK_FINITE_FAILED]->data;
    if (failed == 0 && (!gli_all_finite(call->ctx, gli_in_floats(call, GLI_CHECK_FINITE_X), g->x_count) ||
                        !gli_all_finite(call->ctx, gli_in_floats(call, GLI_CHECK_FINITE_Y), g->y_count)))
        failed = step;
    *(int64_t *)call->out[0]->data = failed;
    return GLIA_OK;
}

const gli_provider gli_check_finite_native = {.name = "cpu.native", .accepts = {GLI_TAKES_F32, GLI_PACKED}, .run = run};
