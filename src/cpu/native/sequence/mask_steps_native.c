/* Each sequence is a tensor of its own: its first steps are copied, the others filled. */
#include "core/dtype.h"
#include "core/parallel.h"
#include "core/provider.h"
#include "core/size.h"
#include "cpu/index_range.h"
#include "cpu/native/strided_copy.h"
#include "ops/sequence/sequence_geom.h"

enum { UNIT_BYTES = 1 << 16 };

/* The steps begin .. end - 1 of sequence n, as a view. */
static glia_tensor steps_of(const gli_sequence_geom *g, const glia_tensor *whole, int64_t n, int64_t begin,
                            int64_t end) {
    glia_tensor part      = *whole;
    const int64_t offset  = n * whole->stride[1 - g->time] + begin * whole->stride[g->time];
    part.data             = gli_data_at(whole->data, (size_t)offset * glia_dtype_size(whole->dtype));
    part.dim[1 - g->time] = 1;
    part.dim[g->time]     = end - begin;
    return part;
}

static void mask_sequences(void *arg, int64_t begin, int64_t end) {
    const gli_call *call       = arg;
    const gli_sequence_geom *g = call->geom;
    const glia_tensor *x = call->in[GLI_SEQUENCE_X], *y = call->out[0];
    for (int64_t n = begin; n < end; ++n) {
        const int64_t length   = gli_index_load(call->in[GLI_SEQUENCE_LENGTHS], n);
        const glia_tensor from = steps_of(g, x, n, 0, length), to = steps_of(g, y, n, 0, length);
        const glia_tensor rest = steps_of(g, y, n, length, g->steps);
        gli_copy_tensor(call->ctx, &from, &to);
        gli_copy_fill(call->ctx, &rest, g->value);
    }
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_sequence_geom *g = call->geom;
    const int64_t bytes        = (int64_t)g->steps * g->width * (int64_t)glia_dtype_size(call->out[0]->dtype);
    GLI_TRY(gli_index_check(call, GLI_SEQUENCE_LENGTHS, (gli_index_range){.low = 0, .high = (int64_t)g->steps + 1}));
    if (bytes > 0) gli_parallel(call->ctx, g->batch, gli_max_i64(UNIT_BYTES / bytes, 1), mask_sequences, (void *)call);
    return GLIA_OK;
}

const gli_provider gli_mask_steps_native = {.name = "cpu.native", .accepts = GLI_ACCEPTS_ALL, .run = run};
