/* Products of matrices, and convolutions. */
#include "glia/ops/linear.h"

#include "glia/ops/conv.h"
#include "onnx/onnx_export.h"
#include "ops/spatial.h"

/* The last two dimensions exchanged. */
static const char *transposed(gli_onnx_export *ex, const char *x, int ndim) {
    int64_t order[GLIA_MAX_DIMS];
    for (int i = 0; i < ndim; ++i) order[i] = i < ndim - 2 ? i : 2 * ndim - 3 - i;
    return gli_onnx_write_transpose(ex, x, ndim, order);
}

/* x w^T + bias: of matrices one Gemm, else a product and a sum. */
void gli_onnx_write_dense(gli_onnx_op_call *c) {
    gli_onnx_export *ex = c->ex;
    const char *bias    = c->n_in > 2 ? c->in[2] : NULL, *y;
    if (c->x[0]->shape.ndim == 2) {
        y = gli_onnx_add(ex, "Gemm", GLI_ONNX_NAMES(c->in[0], c->in[1], bias));
        gli_onnx_set_int(ex, "transB", 1);
    } else {
        y = gli_onnx_add(ex, "MatMul", GLI_ONNX_NAMES(c->in[0], transposed(ex, c->in[1], 2)));
        if (bias) y = gli_onnx_add(ex, "Add", GLI_ONNX_NAMES(y, bias));
    }
    const glia_dense_params *p = c->params;
    c->out[0]                  = gli_onnx_write_activation(ex, y, c->y[0]->dtype, p->activation);
}

static const char *scaled(gli_onnx_export *ex, const char *x, glia_dtype dtype, double by) {
    return by == 1 ? x : gli_onnx_add(ex, "Mul", GLI_ONNX_NAMES(x, gli_onnx_hold_number(ex, dtype, by)));
}

void gli_onnx_write_matmul(gli_onnx_op_call *c) {
    gli_onnx_export *ex         = c->ex;
    const glia_matmul_params *p = c->params;
    const gli_onnx_written *a = c->x[0], *b = c->x[1];
    const char *addend = c->n_in > 2 && p->beta != 0 ? c->in[2] : NULL;
    if (a->shape.ndim == 2 && b->shape.ndim == 2 && (!addend || c->x[2]->shape.ndim <= 2)) {
        c->out[0] = gli_onnx_add(ex, "Gemm", GLI_ONNX_NAMES(c->in[0], c->in[1], addend));
        gli_onnx_set_float(ex, "alpha", p->alpha);
        gli_onnx_set_float(ex, "beta", p->beta);
        gli_onnx_set_int(ex, "transA", p->transpose_a);
        gli_onnx_set_int(ex, "transB", p->transpose_b);
        return;
    }
    const char *left  = p->transpose_a ? transposed(ex, c->in[0], a->shape.ndim) : c->in[0];
    const char *right = p->transpose_b ? transposed(ex, c->in[1], b->shape.ndim) : c->in[1];
    const char *y     = gli_onnx_add(ex, "MatMul", GLI_ONNX_NAMES(left, right));
    y                 = scaled(ex, y, a->dtype, p->alpha);
    if (addend) y = gli_onnx_add(ex, "Add", GLI_ONNX_NAMES(y, scaled(ex, addend, a->dtype, p->beta)));
    c->out[0] = y;
}

/* Both convolutions. */
void gli_onnx_write_conv(gli_onnx_op_call *c) {
    const int *pad = gli_onnx_param_ints(c, "pad"), *end = gli_onnx_param_ints(c, "pad_end");
    const char *y = gli_onnx_add(c->ex, c->row->name, c->n_in, c->in);
    gli_onnx_set_params(c);
    const int n = c->x[0]->shape.ndim - 2;
    int64_t pads[2 * GLI_AXES];
    for (int i = 0; i < n; ++i) pads[i] = pad[i], pads[n + i] = end[i];
    gli_onnx_set_ints(c->ex, "kernel_shape", n, c->x[1]->shape.dim + 2);
    gli_onnx_set_ints(c->ex, "pads", 2 * n, pads);
    const int *activation = gli_onnx_param_ints(c, "activation");
    c->out[0]             = gli_onnx_write_activation(c->ex, y, c->y[0]->dtype, (glia_activation)*activation);
}
