/* Pooling, of one and two dimensions. */
#include "glia/ops/pool.h"

#include <string.h>

#include "core/dtype.h"
#include "glia/ops/elementwise.h"
#include "glia/ops/reduce.h"
#include "onnx/onnx_map.h"

enum { DOUBLE = ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE, INT64 = ONNX__TENSOR_PROTO__DATA_TYPE__INT64 };

/* ONNX counts over the whole tensor, in an image by rows or by columns; Glia over an image, by rows. Sums of integers
 * are exact in f64. */
static gli_onnx_value *whole_indices(gli_onnx_node *node, const gli_onnx_value *x, gli_onnx_value *indices,
                                     bool columns) {
    const int64_t planes = x->is.dim[0] * x->is.dim[1], rows = x->is.dim[2], width = x->is.dim[3];
    const int64_t area = rows * width;
    if (node->im->batched) return gli_onnx_fail(node, GLIA_UNSUPPORTED, "its indices count over the batch");
    if (columns) {
        gli_onnx_value *table = gli_onnx_constant(node, INT64, 1, &area);
        for (int64_t i = 0; table && i < area; ++i)
            ((int64_t *)table->constant->data)[i] = i % width * rows + i / width;
        indices = gli_onnx_gather(node, table, indices, 0);
    }
    gli_onnx_value *first = gli_onnx_constant(node, DOUBLE, 4, (int64_t[]){x->is.dim[0], x->is.dim[1], 1, 1});
    if (!first) return NULL;
    for (int64_t i = 0; i < planes; ++i) gli_store(GLIA_F64, first->constant->data, i, (double)(i * area));
    indices = gli_onnx_binary(node, GLIA_BINARY_ADD, gli_onnx_cast(node, indices, DOUBLE), first);
    return gli_onnx_cast(node, indices, INT64);
}

static void map_max_pool(gli_onnx_node *node, const gli_onnx_window *w, gli_onnx_value *x, int type, bool ceil_mode,
                         bool columns) {
    glia_max_pool2d_params params = glia_max_pool2d_defaults(w->kernel[0], w->kernel[1]);
    gli_onnx_value *out[2];
    const bool indices = node->n_out > 1 && node->proto->output[1][0];
    memcpy(params.stride, w->stride, sizeof params.stride);
    memcpy(params.pad, w->pad, sizeof params.pad);
    memcpy(params.pad_end, w->pad_end, sizeof params.pad_end);
    memcpy(params.dilation, w->dilation, sizeof params.dilation);
    params.ceil_mode = ceil_mode;
    if (gli_onnx_call_all(node, &gli_op_max_pool2d, &params, 1, &x, indices ? 2 : 1, out) != GLIA_OK) return;
    if (indices) out[1] = whole_indices(node, x, out[1], columns);
    for (int i = 0; i <= indices; ++i) gli_onnx_give(node, i, w->rank == 1 ? gli_onnx_from_row(node, out[i]) : out[i]);
    if (gli_onnx_ok(node)) gli_onnx_give(node, 0, gli_onnx_cast(node, node->out[0], type));
}

/* Bytes are pooled as floats, which have them all. */
void gli_onnx_map_max_pool(gli_onnx_node *node) {
    gli_onnx_value *x    = gli_onnx_in(node, 0);
    const bool ceil_mode = gli_onnx_int(node, "ceil_mode", 0) != 0;
    gli_onnx_window w;
    const bool columns = gli_onnx_int(node, "storage_order", 0) != 0;
    if (!gli_onnx_read_window(node, x, NULL, &w)) return;
    gli_onnx_fill_pads(x, &w);
    const int type = x->type;
    if (x->is.dtype == GLIA_U8) x = gli_onnx_cast(node, x, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    x = gli_onnx_to_row(node, x);
    if (x) map_max_pool(node, &w, x, type, ceil_mode, columns);
}

void gli_onnx_map_average_pool(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    gli_onnx_window w;
    if (!gli_onnx_read_window(node, x, NULL, &w)) return;
    gli_onnx_fill_pads(x, &w);
    GLI_ONNX_REQUIRE(node, w.dilation[0] == 1 && w.dilation[1] == 1, GLIA_UNSUPPORTED,
                     "Glia's average pooling has no dilation");
    glia_avg_pool2d_params params = glia_avg_pool2d_defaults(w.kernel[0], w.kernel[1]);
    memcpy(params.stride, w.stride, sizeof params.stride);
    memcpy(params.pad, w.pad, sizeof params.pad);
    memcpy(params.pad_end, w.pad_end, sizeof params.pad_end);
    params.ceil_mode         = gli_onnx_int(node, "ceil_mode", 0) != 0;
    params.count_include_pad = gli_onnx_int(node, "count_include_pad", 0) != 0;
    x                        = gli_onnx_to_row(node, x);
    if (!x) return;
    gli_onnx_value *y = gli_onnx_call(node, &gli_op_avg_pool2d, &params, GLI_ONNX_VALUES(x));
    gli_onnx_give(node, 0, w.rank == 1 ? gli_onnx_from_row(node, y) : y);
}

/* A row's kind is that of a reduction. */
void gli_onnx_map_global_pool(gli_onnx_node *node) {
    static const glia_adaptive_pool2d_params one = {{1, 1}};
    gli_onnx_value *x                            = gli_onnx_in(node, 0);
    const bool mean                              = node->operator->kind == GLIA_REDUCE_MEAN;
    GLI_ONNX_REQUIRE(node, x && x->is.ndim > 2, GLIA_BAD_FORMAT, "its image has no dimensions");
    if (x->is.ndim == 4) {
        const gli_op *op = mean ? &gli_op_adaptive_avg_pool2d : &gli_op_adaptive_max_pool2d;
        gli_onnx_give(node, 0, gli_onnx_call(node, op, &one, GLI_ONNX_VALUES(x)));
        return;
    }
    unsigned axes = 0;
    for (int i = 2; i < x->is.ndim; ++i) axes |= GLIA_AXIS(i);
    gli_onnx_give(node, 0, gli_onnx_reduce(node, node->operator->kind, axes, true, x));
}
