/* Pooling, of one to three dimensions. */
#include "glia/ops/pool.h"

#include <string.h>

#include "core/dtype.h"
#include "glia/ops/elementwise.h"
#include "glia/ops/reduce.h"
#include "onnx/onnx_map.h"

enum { DOUBLE = ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE, INT64 = ONNX__TENSOR_PROTO__DATA_TYPE__INT64 };

/* ONNX counts over the whole tensor, in an image by rows or by columns; Glia over an image or volume, by rows. Sums of
 * integers are exact in f64. */
static gli_onnx_value *whole_indices(gli_onnx_node *node, const gli_onnx_value *x, gli_onnx_value *indices,
                                     bool columns) {
    const int64_t planes = x->is.dim[0] * x->is.dim[1];
    int64_t each = 1, shape[2 + 3] = {x->is.dim[0], x->is.dim[1], 1, 1, 1};
    for (int i = 2; i < x->is.ndim; ++i) each *= x->is.dim[i];
    if (node->im->batched) return gli_onnx_fail(node, GLIA_UNSUPPORTED, "its indices count over the batch");
    if (columns && x->is.ndim > 4) return gli_onnx_fail(node, GLIA_UNSUPPORTED, "indices of volumes by columns");
    if (columns) {
        const int64_t rows = x->is.dim[2], width = x->is.dim[3];
        gli_onnx_value *table = gli_onnx_constant(node, INT64, 1, &each);
        for (int64_t i = 0; table && i < each; ++i)
            ((int64_t *)table->constant->data)[i] = i % width * rows + i / width;
        indices = gli_onnx_gather(node, table, indices, 0);
    }
    gli_onnx_value *first = gli_onnx_constant(node, DOUBLE, x->is.ndim, shape);
    if (!first) return NULL;
    for (int64_t i = 0; i < planes; ++i) gli_store(GLIA_F64, first->constant->data, i, (double)(i * each));
    indices = gli_onnx_binary(node, GLIA_BINARY_ADD, gli_onnx_cast(node, indices, DOUBLE), first);
    return gli_onnx_cast(node, indices, INT64);
}

typedef struct pooling {
    gli_onnx_node *node;
    gli_onnx_window window;
    bool mean, ceil_mode, count_include_pad;
} pooling;

static glia_max_pool2d_params max_params(const pooling *p) {
    glia_max_pool2d_params max = glia_max_pool2d_defaults(1, 1);
    max.ceil_mode              = p->ceil_mode;
    memcpy(max.kernel, p->window.kernel + 1, sizeof max.kernel);
    memcpy(max.stride, p->window.stride + 1, sizeof max.stride);
    memcpy(max.pad, p->window.pad + 1, sizeof max.pad);
    memcpy(max.pad_end, p->window.pad_end + 1, sizeof max.pad_end);
    memcpy(max.dilation, p->window.dilation + 1, sizeof max.dilation);
    return max;
}

static glia_max_pool3d_params max_params_3d(const pooling *p) {
    glia_max_pool3d_params max = glia_max_pool3d_defaults(1, 1, 1);
    max.ceil_mode              = p->ceil_mode;
    memcpy(max.kernel, p->window.kernel, sizeof max.kernel);
    memcpy(max.stride, p->window.stride, sizeof max.stride);
    memcpy(max.pad, p->window.pad, sizeof max.pad);
    memcpy(max.pad_end, p->window.pad_end, sizeof max.pad_end);
    memcpy(max.dilation, p->window.dilation, sizeof max.dilation);
    return max;
}

static glia_avg_pool2d_params avg_params(const pooling *p) {
    glia_avg_pool2d_params avg = glia_avg_pool2d_defaults(1, 1);
    avg.ceil_mode              = p->ceil_mode;
    avg.count_include_pad      = p->count_include_pad;
    memcpy(avg.kernel, p->window.kernel + 1, sizeof avg.kernel);
    memcpy(avg.stride, p->window.stride + 1, sizeof avg.stride);
    memcpy(avg.pad, p->window.pad + 1, sizeof avg.pad);
    memcpy(avg.pad_end, p->window.pad_end + 1, sizeof avg.pad_end);
    return avg;
}

static glia_avg_pool3d_params avg_params_3d(const pooling *p) {
    glia_avg_pool3d_params avg = glia_avg_pool3d_defaults(1, 1, 1);
    avg.ceil_mode              = p->ceil_mode;
    avg.count_include_pad      = p->count_include_pad;
    memcpy(avg.kernel, p->window.kernel, sizeof avg.kernel);
    memcpy(avg.stride, p->window.stride, sizeof avg.stride);
    memcpy(avg.pad, p->window.pad, sizeof avg.pad);
    memcpy(avg.pad_end, p->window.pad_end, sizeof avg.pad_end);
    return avg;
}

/* y and, where it counts them, indices; of volumes, of images, or of rows of images. Whether there is a result. */
static bool pool(const pooling *p, gli_onnx_value *x, int outputs, gli_onnx_value **out) {
    const bool volumes                 = p->window.rank == 3;
    const glia_max_pool2d_params max   = max_params(p);
    const glia_max_pool3d_params max_3 = max_params_3d(p);
    const glia_avg_pool2d_params avg   = avg_params(p);
    const glia_avg_pool3d_params avg_3 = avg_params_3d(p);
    const gli_op *const mean_op        = volumes ? &gli_op_avg_pool3d : &gli_op_avg_pool2d;
    const gli_op *const max_op         = volumes ? &gli_op_max_pool3d : &gli_op_max_pool2d;
    const void *mean_params            = volumes ? (const void *)&avg_3 : &avg,
               *max_params             = volumes ? (const void *)&max_3 : &max;
    if (!x) return false;
    return gli_onnx_call_all(p->node, p->mean ? mean_op : max_op, p->mean ? mean_params : max_params, 1, &x, outputs,
                             out) == GLIA_OK;
}

static void give_pooled(const pooling *p, gli_onnx_value *x, bool indices, bool columns) {
    gli_onnx_node *node    = p->node;
    gli_onnx_value *out[2] = {NULL, NULL};
    x                      = gli_onnx_to_row(node, x);
    if (!pool(p, x, indices ? 2 : 1, out)) return;
    if (indices) out[1] = whole_indices(node, x, out[1], columns);
    for (int i = 0; i < (indices ? 2 : 1); ++i)
        gli_onnx_give(node, i, p->window.rank == 1 ? gli_onnx_from_row(node, out[i]) : out[i]);
}

/* Bytes are pooled as floats, which have them all. */
void gli_onnx_map_max_pool(gli_onnx_node *node) {
    gli_onnx_value *x  = gli_onnx_in(node, 0);
    pooling p          = {.node = node, .ceil_mode = gli_onnx_int(node, "ceil_mode", 0) != 0};
    const bool columns = gli_onnx_int(node, "storage_order", 0) != 0;
    if (!gli_onnx_read_window(node, x, NULL, &p.window)) return;
    gli_onnx_fill_pads(x, &p.window);
    const int type = x->type;
    if (x->is.dtype == GLIA_U8) x = gli_onnx_cast(node, x, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    if (!x) return;
    give_pooled(&p, x, gli_onnx_wants(node, 1), columns);
    if (gli_onnx_ok(node)) gli_onnx_give(node, 0, gli_onnx_cast(node, node->out[0], type));
}

void gli_onnx_map_average_pool(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    pooling p         = {.node              = node,
                         .mean              = true,
                         .ceil_mode         = gli_onnx_int(node, "ceil_mode", 0) != 0,
                         .count_include_pad = gli_onnx_int(node, "count_include_pad", 0) != 0};
    if (!gli_onnx_read_window(node, x, NULL, &p.window)) return;
    gli_onnx_fill_pads(x, &p.window);
    for (int i = 0; i < 3; ++i)
        GLI_ONNX_REQUIRE(node, p.window.dilation[i] == 1, GLIA_UNSUPPORTED, "Glia's average pooling has no dilation");
    give_pooled(&p, x, false, false);
}

/* A row's kind is that of a reduction. */
void gli_onnx_map_global_pool(gli_onnx_node *node) {
    static const glia_adaptive_pool2d_params one = {{1, 1}};
    gli_onnx_value *x                            = gli_onnx_in(node, 0);
    const bool mean                              = node->row->kind == GLIA_REDUCE_MEAN;
    GLI_ONNX_REQUIRE(node, x && x->is.ndim > 2, GLIA_BAD_FORMAT, "its image has no dimensions");
    if (x->is.ndim == 4) {
        const gli_op *op = mean ? &gli_op_adaptive_avg_pool2d : &gli_op_adaptive_max_pool2d;
        gli_onnx_give(node, 0, gli_onnx_call(node, op, &one, GLI_ONNX_VALUES(x)));
        return;
    }
    unsigned axes = 0;
    for (int i = 2; i < x->is.ndim; ++i) axes |= GLIA_AXIS(i);
    gli_onnx_give(node, 0, gli_onnx_reduce(node, node->row->kind, axes, true, x));
}
