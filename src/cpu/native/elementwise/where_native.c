#include "core/provider.h"
#include "cpu/native/loops.h"
#include "cpu/native/vectorize.h"
#include "ops/elementwise/where_geom.h"

static void copy_row(const void *arg, int64_t count, float *const *data, const int64_t *stride) {
    (void)arg;
    for (int64_t i = 0; i < count; ++i) data[0][i * stride[0]] = data[1][i * stride[1]];
}

GLI_CLONES static void where_row(const void *arg, int64_t count, float *const *data, const int64_t *stride) {
    float *y               = data[0];
    const float *condition = data[1], *a = data[2], *b = data[3];
    (void)arg;
    if (stride[0] == 1 && stride[1] == 1 && stride[2] == 1 && stride[3] == 1) {
        GLI_IVDEP
        for (int64_t i = 0; i < count; ++i) y[i] = condition[i] != 0 ? a[i] : b[i];
    } else {
        for (int64_t i = 0; i < count; ++i)
            y[i * stride[0]] = condition[i * stride[1]] != 0 ? a[i * stride[2]] : b[i * stride[3]];
    }
}

/* Of one number for all elements: a copy, or nothing. */
static void copy_chosen(const gli_call *call) {
    const bool first          = *(const int64_t *)call->in[GLI_WHERE_CONDITION]->data != 0;
    const glia_tensor *chosen = call->in[first ? GLI_WHERE_A : GLI_WHERE_B];
    gli_loops loops;
    if (call->out[0]->data == chosen->data) return;
    gli_loops_init(&loops, 2, (const glia_tensor *[]){call->out[0], chosen});
    gli_loops_run(call->ctx, &loops, copy_row, NULL);
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const glia_tensor *const *in = call->in;
    gli_loops loops;
    if (((const gli_where_geom *)call->geom)->whole) return copy_chosen(call), GLIA_OK;
    gli_loops_init(&loops, 4,
                   (const glia_tensor *[]){call->out[0], in[GLI_WHERE_CONDITION], in[GLI_WHERE_A], in[GLI_WHERE_B]});
    gli_loops_run(call->ctx, &loops, where_row, NULL);
    return GLIA_OK;
}

const gli_provider gli_where_native = {.name = "cpu.native", .accepts = {GLI_TAKES_F32, GLI_ANY_FORMAT}, .run = run};
