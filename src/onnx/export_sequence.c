/* Lengths of sequences, as numbers that are compared with. Steps are counted in f32, which has all numbers below 2^24.
 */
#include "glia/ops/sequence.h"

#include <math.h>

#include "core/dtype.h"
#include "onnx/onnx_export.h"

enum { FLOAT = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, DOUBLE = ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE };

/* The numbers first, first + 1, ... of the steps, as what broadcasts to [N,T] or [T,N]. */
static const char *steps(gli_onnx_export *ex, int64_t count, double first, bool batch_first) {
    const gli_onnx_shape row    = {.ndim = 1, .dim = {count}, .other = {count}};
    const gli_onnx_shape column = {.ndim = 2, .dim = {count, 1}, .other = {count, 1}};
    const char *numbers         = gli_onnx_hold_vector(ex, GLIA_F32, count, first, 1);
    return batch_first ? numbers : gli_onnx_write_reshape(ex, numbers, &row, &column);
}

static bool countable(const gli_onnx_op_call *c, bool batch_first, int64_t *out) {
    const gli_onnx_shape *x = &c->x[0]->shape;
    const int axis          = batch_first ? 1 : 0;
    *out                    = x->dim[axis];
    if (x->dim[axis] != x->other[axis] || *out >= 1 << 24)
        gli_onnx_refuse(c->ex, "it has %lld steps, or as many as the batch", (long long)*out);
    return gli_onnx_going(c->ex);
}

/* 1 where an element is no padding, the largest of a step, times its number from 1 on: the largest is the length.
 * Integers are compared as floats, which tell the padding from all others. */
void gli_onnx_write_lengths(gli_onnx_op_call *c) {
    const glia_sequence_lengths_params *p = c->params;
    gli_onnx_export *ex                   = c->ex;
    const glia_dtype dtype                = gli_onnx_dtype_in(ex, c->x[0]->dtype);
    const bool integers                   = !gli_dtype_is_float(dtype);
    const glia_dtype as                   = !integers ? dtype : fabs(p->padding) < 1 << 24 ? GLIA_F32 : GLIA_F64;
    const int64_t inner[]                 = {2, 3, 4, 5, 6, 7, 8};
    int64_t count;
    if (!countable(c, p->batch_first, &count)) return;
    double padding = p->padding;
    if (integers) { /* as the dtype has it */
        unsigned char bytes[8];
        gli_store(dtype, bytes, 0, padding);
        padding = gli_load(dtype, bytes, 0);
    }
    const char *x    = integers ? gli_onnx_write_cast(ex, c->in[0], as == GLIA_F32 ? FLOAT : DOUBLE) : c->in[0];
    const char *same = gli_onnx_add(ex, "Equal", GLI_ONNX_NAMES(x, gli_onnx_hold_number(ex, as, padding)));
    const char *any  = gli_onnx_write_cast(ex, gli_onnx_add(ex, "Not", 1, &same), FLOAT);
    const int ndim   = c->x[0]->shape.ndim;
    if (ndim > 2) any = gli_onnx_write_reduce(ex, "ReduceMax", any, ndim - 2, inner, false);
    any       = gli_onnx_add(ex, "Mul", GLI_ONNX_NAMES(any, steps(ex, count, 1, p->batch_first)));
    any       = gli_onnx_write_reduce(ex, "ReduceMax", any, 1, (int64_t[]){p->batch_first ? 1 : 0}, false);
    c->out[0] = gli_onnx_write_cast(ex, any, ONNX__TENSOR_PROTO__DATA_TYPE__INT32);
}

void gli_onnx_write_mask(gli_onnx_op_call *c) {
    const glia_mask_steps_params *p = c->params;
    gli_onnx_export *ex             = c->ex;
    const gli_onnx_shape *x = &c->x[0]->shape, *lengths = &c->x[1]->shape;
    int64_t count;
    if (!countable(c, p->batch_first, &count)) return;
    gli_onnx_shape ends = {0}, mask = {0};
    if (!p->batch_first) gli_onnx_add_dim(&ends, 1, 1);
    gli_onnx_add_dim(&ends, lengths->dim[0], lengths->other[0]);
    if (p->batch_first) gli_onnx_add_dim(&ends, 1, 1);
    const char *end = gli_onnx_write_reshape(ex, gli_onnx_write_cast(ex, c->in[1], FLOAT), lengths, &ends);
    const char *in  = gli_onnx_add(ex, "Less", GLI_ONNX_NAMES(steps(ex, count, 0, p->batch_first), end));
    for (int i = 0; i < x->ndim; ++i) gli_onnx_add_dim(&mask, i < 2 ? x->dim[i] : 1, i < 2 ? x->other[i] : 1);
    gli_onnx_shape flat = mask;
    flat.ndim           = 2;
    in                  = gli_onnx_write_reshape(ex, in, &flat, &mask);
    c->out[0] =
        gli_onnx_add(ex, "Where", GLI_ONNX_NAMES(in, c->in[0], gli_onnx_hold_number(ex, c->x[0]->dtype, p->value)));
}
