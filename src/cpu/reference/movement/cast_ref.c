#include "ops/movement/cast_geom.h"

#include <string.h>

#include "core/dtype.h"
#include "core/provider.h"
#include "cpu/element_index.h"

/* Rounds to odd: the bits that do not fit into a double are dropped, and the last one that does is set if any of them
 * was. Rounding the result to a float of at most 24 bits is then as rounding the whole number itself. */
static double round_to_odd(int64_t value) {
    const bool fits = value <= INT64_C(1) << 53 && value >= -(INT64_C(1) << 53);
    return (double)(fits ? value : (value & ~INT64_C(2047)) | ((value & 2047) ? 1024 : 0));
}

static void convert(const gli_cast_geom *g, const void *from, int64_t i, void *to, int64_t j) {
    if (g->from == g->to)
        memcpy((char *)to + (size_t)j * glia_dtype_size(g->to), (const char *)from + (size_t)i * glia_dtype_size(g->to),
               glia_dtype_size(g->to));
    else if (g->from != GLIA_I64 || g->to == GLIA_F64)
        gli_store(g->to, to, j, gli_load(g->from, from, i));
    else
        gli_store(g->to, to, j, round_to_odd(((const int64_t *)from)[i]));
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_cast_geom *g = call->geom;
    const glia_tensor *x = call->in[GLI_CAST_X], *y = call->out[0];
    for (int64_t i = 0; i < g->count; ++i)
        convert(g, x->data, gli_element_offset(x, i), y->data, gli_element_offset(y, i));
    return GLIA_OK;
}

const gli_provider gli_cast_ref = {.name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .run = run};
