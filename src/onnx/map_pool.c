/* Pooling, of one to three dimensions. */
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

/* The params of a pooling over rows and columns; or over depth, whose images are rows of a column each. */
static glia_max_pool2d_params max_params(const gli_onnx_window *w, bool depth, bool ceil_mode) {
    glia_max_pool2d_params p = glia_max_pool2d_defaults(1, 1);
    p.ceil_mode              = ceil_mode;
    for (int i = 0; i < (depth ? 1 : 2); ++i) {
        const int from = depth ? 0 : i + 1;
        p.kernel[i]    = w->kernel[from];
        p.stride[i]    = w->stride[from];
        p.pad[i]       = w->pad[from];
        p.pad_end[i]   = w->pad_end[from];
        p.dilation[i]  = w->dilation[from];
    }
    return p;
}

static glia_avg_pool2d_params avg_params(const glia_max_pool2d_params *like, bool count_include_pad) {
    glia_avg_pool2d_params p = glia_avg_pool2d_defaults(like->kernel[0], like->kernel[1]);
    memcpy(p.stride, like->stride, sizeof p.stride);
    memcpy(p.pad, like->pad, sizeof p.pad);
    memcpy(p.pad_end, like->pad_end, sizeof p.pad_end);
    p.ceil_mode         = like->ceil_mode;
    p.count_include_pad = count_include_pad;
    return p;
}

typedef struct pooling {
    gli_onnx_node *node;
    gli_onnx_window window;
    bool mean, ceil_mode, count_include_pad;
} pooling;

static gli_onnx_value *pool(const pooling *p, bool depth, gli_onnx_value *x) {
    const glia_max_pool2d_params max = max_params(&p->window, depth, p->ceil_mode);
    const glia_avg_pool2d_params avg = avg_params(&max, p->count_include_pad);
    if (!x) return NULL;
    return p->mean ? gli_onnx_call(p->node, &gli_op_avg_pool2d, &avg, GLI_ONNX_VALUES(x))
                   : gli_onnx_call(p->node, &gli_op_max_pool2d, &max, GLI_ONNX_VALUES(x));
}

/* Of x [N,C,D,H,W] first each image, then over depth: the largest of largest ones, and the mean of means, since each
 * has as many numbers as its rows, columns and depths multiply to. */
static gli_onnx_value *pool_depth(const pooling *p, gli_onnx_value *x) {
    gli_onnx_shape images = {0}, columns = {0}, whole = {0};
    gli_onnx_copy_dims(&images, x, 0, 1);
    gli_onnx_merge_dims(&images, x, 1, 3);
    gli_onnx_copy_dims(&images, x, 3, 5);
    gli_onnx_value *y = pool(p, false, gli_onnx_reshape(p->node, x, &images));
    if (!y) return NULL;
    const gli_onnx_value rows = *y; /* its shape */
    gli_onnx_copy_dims(&columns, x, 0, 3);
    gli_onnx_merge_dims(&columns, y, 2, 4);
    y = pool(p, true, gli_onnx_reshape(p->node, y, &columns));
    if (!y) return NULL;
    gli_onnx_copy_dims(&whole, y, 0, 3);
    gli_onnx_copy_dims(&whole, &rows, 2, 4);
    return gli_onnx_reshape(p->node, y, &whole);
}

static gli_onnx_value *pool_all(const pooling *p, gli_onnx_value *x) {
    if (p->window.rank == 3) return pool_depth(p, x);
    gli_onnx_value *y = pool(p, false, gli_onnx_to_row(p->node, x));
    return p->window.rank == 1 ? gli_onnx_from_row(p->node, y) : y;
}

static void max_pool_with_indices(const pooling *p, gli_onnx_value *x, bool columns) {
    gli_onnx_node *node                 = p->node;
    const glia_max_pool2d_params params = max_params(&p->window, false, p->ceil_mode);
    gli_onnx_value *out[2];
    GLI_ONNX_REQUIRE(node, p->window.rank < 3, GLIA_UNSUPPORTED, "indices of three dimensions");
    x = gli_onnx_to_row(node, x);
    if (!x || gli_onnx_call_all(node, &gli_op_max_pool2d, &params, 1, &x, 2, out) != GLIA_OK) return;
    out[1] = whole_indices(node, x, out[1], columns);
    for (int i = 0; i < 2; ++i) gli_onnx_give(node, i, p->window.rank == 1 ? gli_onnx_from_row(node, out[i]) : out[i]);
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
    if (gli_onnx_wants(node, 1))
        max_pool_with_indices(&p, x, columns);
    else
        gli_onnx_give(node, 0, pool_all(&p, x));
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
    gli_onnx_give(node, 0, pool_all(&p, x));
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
