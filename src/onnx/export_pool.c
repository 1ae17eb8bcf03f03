/* Pooling, and images in another size. */
#include "glia/ops/pool.h"

#include <string.h>

#include "core/size.h"
#include "onnx/onnx_export.h"
#include "ops/spatial.h"

/* A window over rows and columns, and over the slices of volumes. */
typedef struct window {
    int n;                      /* axes */
    int64_t pads[2 * GLI_AXES]; /* before all axes, then after them */
    bool ceil_mode, fits;
} window;

/* Programs differ in the windows that a ceil_mode adds. So they are written as padding after the last element where
 * they need it, and it is smaller than the kernel, as programs want it. */
static window window_of(const gli_onnx_op_call *c) {
    const int *kernel = gli_onnx_param_ints(c, "kernel"), *stride = gli_onnx_param_ints(c, "stride");
    const int *dilation = gli_onnx_param_ints(c, "dilation"), *pad = gli_onnx_param_ints(c, "pad");
    const int *end = gli_onnx_param_ints(c, "pad_end");
    window w       = {.n = c->x[0]->shape.ndim - 2, .fits = true};
    for (int i = 0; i < w.n; ++i) {
        const int64_t span = (int64_t)(dilation ? dilation[i] : 1) * (kernel[i] - 1) + 1;
        const int64_t size = c->x[0]->shape.dim[2 + i], windows = c->y[0]->shape.dim[2 + i];
        const int64_t needed = (windows - 1) * stride[i] + span - size - pad[i];
        w.pads[i]            = pad[i];
        w.pads[w.n + i]      = gli_max_i64(needed, end[i]);
        w.ceil_mode          = w.ceil_mode || needed > end[i];
        w.fits               = w.fits && w.pads[w.n + i] < kernel[i];
    }
    return w;
}

/* The padding that counts becomes a part of the image, so that what a ceil_mode adds can be padding that does not. */
static const char *pad_image(const gli_onnx_op_call *c, window *w) {
    const int *pad = gli_onnx_param_ints(c, "pad"), *end = gli_onnx_param_ints(c, "pad_end");
    const int dims                  = w->n + 2;
    int64_t pads[2 * GLIA_MAX_DIMS] = {0};
    for (int i = 0; i < w->n; ++i) {
        pads[2 + i] = pad[i], pads[dims + 2 + i] = end[i];
        w->pads[i] = 0, w->pads[w->n + i] -= end[i];
    }
    return gli_onnx_add(c->ex, "Pad",
                        GLI_ONNX_NAMES(c->in[0], gli_onnx_hold_ints(c->ex, 2 * dims, pads),
                                       gli_onnx_hold_number(c->ex, c->x[0]->dtype, 0)));
}

void gli_onnx_write_pool(gli_onnx_op_call *c) {
    const bool count = gli_onnx_param_flag(c, "count_include_pad");
    window w         = window_of(c);
    const char *x    = count && w.ceil_mode ? pad_image(c, &w) : c->in[0];
    const char *y    = gli_onnx_add(c->ex, c->row->name, 1, &x);
    gli_onnx_set_params(c);
    if (w.ceil_mode && !w.fits) { /* of a dilated window, which a mean has not */
        const int *end = gli_onnx_param_ints(c, "pad_end");
        for (int i = 0; i < w.n; ++i) w.pads[w.n + i] = end[i];
        gli_onnx_set_int(c->ex, "ceil_mode", 1);
    }
    gli_onnx_set_ints(c->ex, "pads", 2 * w.n, w.pads);
    if (count && x == c->in[0]) gli_onnx_set_int(c->ex, "count_include_pad", 1);
    const int *activation = gli_onnx_param_ints(c, "activation");
    c->out[0] = activation ? gli_onnx_write_activation(c->ex, y, c->y[0]->dtype, (glia_activation)*activation) : y;
}

/* ---- Adaptive pooling ---- */

/* Of one axis: a slice for each output, reduced. A window has as many rows as columns at every place of the other axis,
 * so that the mean of means is the mean. */
static const char *pool_axis(const gli_onnx_op_call *c, const char *x, int axis, int64_t size, int64_t outputs) {
    const char **part = gli_onnx_alloc(c->ex, (size_t)outputs, sizeof *part);
    if (size == outputs || !part) return x;
    for (int64_t o = 0; o < outputs && gli_onnx_going(c->ex); ++o) {
        const int64_t start = o * size / outputs, stop = ((o + 1) * size + outputs - 1) / outputs;
        const char *part_of = gli_onnx_write_slice(c->ex, x, axis, start, stop);
        part[o]             = gli_onnx_write_reduce(c->ex, c->row->name, part_of, 1, (int64_t[]){axis}, true);
    }
    return gli_onnx_write_concat(c->ex, (int)outputs, part, axis);
}

/* Windows side by side are those of a pooling, and one is that of a global one. */
void gli_onnx_write_adaptive_pool(gli_onnx_op_call *c) {
    const glia_adaptive_pool2d_params *p = c->params;
    const int64_t *in                    = c->x[0]->shape.dim + 2;
    const bool mean                      = c->op == &gli_op_adaptive_avg_pool2d;
    if (p->size[0] == 1 && p->size[1] == 1) {
        c->out[0] = gli_onnx_add(c->ex, mean ? "GlobalAveragePool" : "GlobalMaxPool", 1, c->in);
    } else if (in[0] % p->size[0] == 0 && in[1] % p->size[1] == 0) {
        const int64_t kernel[2] = {in[0] / p->size[0], in[1] / p->size[1]};
        c->out[0]               = gli_onnx_add(c->ex, mean ? "AveragePool" : "MaxPool", 1, c->in);
        gli_onnx_set_ints(c->ex, "kernel_shape", 2, kernel);
        gli_onnx_set_ints(c->ex, "strides", 2, kernel);
    } else {
        const char *rows = pool_axis(c, c->in[0], 2, in[0], p->size[0]);
        c->out[0]        = pool_axis(c, rows, 3, in[1], p->size[1]);
    }
}

/* ---- Resize ---- */

/* Sizes of all dimensions: the batch's is known when the network runs. */
void gli_onnx_write_interpolate(gli_onnx_op_call *c) {
    static const char *const roundings[] = {"round_prefer_ceil", "round_prefer_floor", "floor", "ceil"};
    const glia_interpolate_params *p     = c->params;
    const int spatial                    = c->x[0]->shape.ndim - 2;
    int64_t size[GLIA_MAX_SPATIAL];
    const char *sizes[2];
    for (int i = 0; i < spatial; ++i) size[i] = p->size[i];
    sizes[0] = gli_onnx_add(c->ex, "Shape", 1, c->in);
    gli_onnx_set_int(c->ex, "start", 0);
    gli_onnx_set_int(c->ex, "end", 2);
    sizes[1]        = gli_onnx_hold_ints(c->ex, spatial, size);
    const char *all = gli_onnx_write_concat(c->ex, 2, sizes, 0);
    c->out[0]       = gli_onnx_add(c->ex, "Resize", GLI_ONNX_NAMES(c->in[0], NULL, NULL, all));
    gli_onnx_set_params(c);
    if (p->mode == GLIA_INTERPOLATE_NEAREST) gli_onnx_set_string(c->ex, "nearest_mode", roundings[p->rounding]);
}
