/* Convolutions, of one to three dimensions. */
#include "glia/ops/conv.h"

#include <limits.h>
#include <string.h>

#include "core/size.h"
#include "glia/ops/elementwise.h"
#include "glia/ops/movement.h"
#include "onnx/onnx_map.h"

/* ---- The window ---- */

/* Numbers of the dimensions that there are, which are the window's last ones; `first` of the others. */
static bool read_sizes(gli_onnx_node *node, const char *name, int rank, int first, const int64_t *otherwise,
                       int out[3]) {
    int64_t numbers[6];
    const int n = gli_onnx_ints(node, name, 6, numbers);
    if (n >= 0 && n != rank) {
        gli_onnx_fail(node, GLIA_BAD_FORMAT, "%s has %d numbers, the images have %d dimensions", name, n, rank);
        return false;
    }
    const int64_t *from = n >= 0 ? numbers : otherwise;
    out[0] = out[1] = first;
    for (int i = 0; i < rank; ++i) {
        const int64_t number = from ? from[i] : first;
        if (number < INT_MIN || number > INT_MAX) {
            gli_onnx_fail(node, GLIA_BAD_FORMAT, "%s has %lld", name, (long long)number);
            return false;
        }
        out[3 - rank + i] = (int)number;
    }
    return gli_onnx_ok(node);
}

static bool read_pads(gli_onnx_node *node, gli_onnx_window *w) {
    int64_t pads[6] = {0};
    const int n     = gli_onnx_ints(node, "pads", 6, pads);
    if (n >= 0 && n != 2 * w->rank) {
        gli_onnx_fail(node, GLIA_BAD_FORMAT, "pads has %d numbers, must be %d", n, 2 * w->rank);
        return false;
    }
    for (int i = 0; i < w->rank; ++i) {
        const int64_t pad = pads[i], end = pads[w->rank + i];
        if (pad < INT_MIN || pad > INT_MAX || end < INT_MIN || end > INT_MAX) {
            gli_onnx_fail(node, GLIA_BAD_FORMAT, "pads of %lld and %lld", (long long)pad, (long long)end);
            return false;
        }
        w->pad[3 - w->rank + i]     = (int)pad;
        w->pad_end[3 - w->rank + i] = (int)end;
    }
    return gli_onnx_ok(node);
}

bool gli_onnx_read_window(gli_onnx_node *node, const gli_onnx_value *x, const gli_onnx_value *weight,
                          gli_onnx_window *out) {
    static const char *const words[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"};
    if (!x) return gli_onnx_fail(node, GLIA_BAD_FORMAT, "it has no image"), false;
    *out = (gli_onnx_window){.rank = x->is.ndim - 2, .auto_pad = gli_onnx_string(node, "auto_pad", "NOTSET")};
    if (out->rank < 1 || out->rank > 3)
        return gli_onnx_fail(node, GLIA_UNSUPPORTED, "of %d dimensions", x->is.ndim), false;
    if (weight && weight->is.ndim != x->is.ndim)
        return gli_onnx_fail(node, GLIA_BAD_FORMAT, "x is %s, W is %s", GLI_SHAPE_OF(&x->is),
                             GLI_SHAPE_OF(&weight->is)),
               false;
    bool known = false;
    for (size_t i = 0; i < sizeof words / sizeof *words; ++i) known = known || strcmp(out->auto_pad, words[i]) == 0;
    if (!known) return gli_onnx_fail(node, GLIA_BAD_FORMAT, "auto_pad is '%.32s'", out->auto_pad), false;
    if (!weight && !gli_onnx_has(node, "kernel_shape"))
        return gli_onnx_fail(node, GLIA_BAD_FORMAT, "it has no kernel_shape"), false;
    if (!read_sizes(node, "kernel_shape", out->rank, 1, weight ? weight->is.dim + 2 : NULL, out->kernel) ||
        !read_sizes(node, "strides", out->rank, 1, NULL, out->stride) ||
        !read_sizes(node, "dilations", out->rank, 1, NULL, out->dilation) || !read_pads(node, out))
        return false;
    for (int i = 0; i < 3; ++i)
        if (out->stride[i] < 1 || out->dilation[i] < 1 || out->kernel[i] < 1)
            return gli_onnx_fail(node, GLIA_BAD_FORMAT, "kernel %d, stride %d and dilation %d", out->kernel[i],
                                 out->stride[i], out->dilation[i]),
                   false;
    return true;
}

/* total zeros, the odd one at the end or at the start. */
static void share(gli_onnx_window *w, int i, int64_t total, bool upper) {
    if (total < 0) total = 0;
    if (total > INT_MAX) total = INT_MAX;
    w->pad[i]     = (int)(upper ? total / 2 : total - total / 2);
    w->pad_end[i] = (int)total - w->pad[i];
}

static int64_t span(const gli_onnx_window *w, int i) { return (int64_t)w->dilation[i] * (w->kernel[i] - 1) + 1; }

void gli_onnx_fill_pads(const gli_onnx_value *x, gli_onnx_window *w) {
    const bool upper = strcmp(w->auto_pad, "SAME_UPPER") == 0, lower = strcmp(w->auto_pad, "SAME_LOWER") == 0;
    if (strcmp(w->auto_pad, "VALID") == 0)
        for (int i = 0; i < 3; ++i) w->pad[i] = w->pad_end[i] = 0;
    if (!upper && !lower) return;
    for (int i = 3 - w->rank; i < 3; ++i) {
        const int64_t size = x->is.dim[x->is.ndim - 3 + i], out = (size + w->stride[i] - 1) / w->stride[i];
        share(w, i, (out - 1) * w->stride[i] + span(w, i) - size, upper);
    }
}

gli_onnx_value *gli_onnx_to_row(gli_onnx_node *node, gli_onnx_value *x) {
    gli_onnx_shape shape = {0};
    if (!x || x->is.ndim != 3) return x;
    gli_onnx_copy_dims(&shape, x, 0, 2);
    gli_onnx_add_dim(&shape, 1, 1);
    gli_onnx_copy_dims(&shape, x, 2, 3);
    return gli_onnx_reshape(node, x, &shape);
}

gli_onnx_value *gli_onnx_from_row(gli_onnx_node *node, gli_onnx_value *x) {
    gli_onnx_shape shape = {0};
    if (!x) return NULL;
    gli_onnx_copy_dims(&shape, x, 0, 2);
    gli_onnx_copy_dims(&shape, x, 3, 4);
    return gli_onnx_reshape(node, x, &shape);
}

/* ---- Conv ---- */

static int read_groups(gli_onnx_node *node) {
    const int64_t groups = gli_onnx_int(node, "group", 1);
    if (groups < 1 || groups > INT_MAX) gli_onnx_fail(node, GLIA_BAD_FORMAT, "group is %lld", (long long)groups);
    return (int)groups;
}

static gli_onnx_value *conv3d(gli_onnx_node *node, const gli_onnx_window *w, int groups, gli_onnx_value *x,
                              gli_onnx_value *filters, gli_onnx_value *bias) {
    glia_conv3d_params params = glia_conv3d_defaults();
    params.groups             = groups;
    memcpy(params.stride, w->stride, sizeof params.stride);
    memcpy(params.pad, w->pad, sizeof params.pad);
    memcpy(params.pad_end, w->pad_end, sizeof params.pad_end);
    memcpy(params.dilation, w->dilation, sizeof params.dilation);
    return gli_onnx_call(node, &gli_op_conv3d, &params, GLI_ONNX_VALUES(x, filters, bias));
}

/* Of one dimension or two. */
static gli_onnx_value *conv2d(gli_onnx_node *node, const gli_onnx_window *w, int groups, gli_onnx_value *x,
                              gli_onnx_value *filters, gli_onnx_value *bias) {
    glia_conv2d_params params = glia_conv2d_defaults();
    params.groups             = groups;
    memcpy(params.stride, w->stride + 1, sizeof params.stride);
    memcpy(params.pad, w->pad + 1, sizeof params.pad);
    memcpy(params.pad_end, w->pad_end + 1, sizeof params.pad_end);
    memcpy(params.dilation, w->dilation + 1, sizeof params.dilation);
    x       = gli_onnx_to_row(node, x);
    filters = gli_onnx_to_row(node, filters);
    if (!x || !filters) return NULL;
    gli_onnx_value *y = gli_onnx_call(node, &gli_op_conv2d, &params, GLI_ONNX_VALUES(x, filters, bias));
    return w->rank == 1 ? gli_onnx_from_row(node, y) : y;
}

void gli_onnx_map_conv(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0), *w = gli_onnx_in(node, 1), *bias = gli_onnx_in(node, 2);
    gli_onnx_window window;
    GLI_ONNX_REQUIRE(node, x && w, GLIA_BAD_FORMAT, "it has an image and weights");
    if (!gli_onnx_read_window(node, x, w, &window)) return;
    gli_onnx_fill_pads(x, &window);
    const int groups = read_groups(node);
    gli_onnx_give(node, 0, (window.rank == 3 ? conv3d : conv2d)(node, &window, groups, x, w, bias));
}

/* ---- ConvTranspose ---- */

/* What is cropped where a size is asked for. What is missing to it is added at the end. */
static bool crop_to(gli_onnx_node *node, gli_onnx_window *w, int i, int64_t size, int64_t wanted) {
    if (wanted < 0 || wanted > GLI_ONNX_MOST_SIZE)
        return gli_onnx_fail(node, GLIA_BAD_FORMAT, "its output is to have a size of %lld", (long long)wanted), false;
    const int64_t full = (size - 1) * w->stride[i] + span(w, i) + w->output_pad[i];
    share(w, i, full - wanted, strcmp(w->auto_pad, "SAME_UPPER") == 0);
    const int64_t padding = w->output_pad[i] + gli_max_i64(wanted - full, 0);
    if (padding > INT_MAX)
        return gli_onnx_fail(node, GLIA_BAD_FORMAT, "its output_padding is to be %lld", (long long)padding), false;
    w->output_pad[i] = (int)padding;
    return true;
}

static bool read_crops(gli_onnx_node *node, const gli_onnx_value *x, gli_onnx_window *w) {
    int64_t wanted[6], none[3] = {0};
    const int n     = gli_onnx_ints(node, "output_shape", 6, wanted);
    const bool same = strncmp(w->auto_pad, "SAME", 4) == 0;
    if (!read_sizes(node, "output_padding", w->rank, 0, none, w->output_pad)) return false;
    for (int i = 0; i < 3; ++i)
        if (w->output_pad[i] < 0)
            return gli_onnx_fail(node, GLIA_BAD_FORMAT, "output_padding has %d", w->output_pad[i]), false;
    if (n >= 0 && n < w->rank) return gli_onnx_fail(node, GLIA_BAD_FORMAT, "output_shape has %d numbers", n), false;
    for (int i = 0; i < w->rank; ++i) {
        const int at       = 3 - w->rank + i;
        const int64_t size = x->is.dim[2 + i];
        if (n >= 0 && !crop_to(node, w, at, size, wanted[n - w->rank + i])) return false;
        if (n < 0 && same && !crop_to(node, w, at, size, size * w->stride[at])) return false;
    }
    return true;
}

/* Filters s of the depth of w [C,K/G,S,R,S]. */
static gli_onnx_value *filters_at(gli_onnx_node *node, gli_onnx_value *w, int s) {
    gli_onnx_shape shape = {0};
    w                    = gli_onnx_slice(node, w, 2, s, s + 1, 1);
    if (!w) return NULL;
    gli_onnx_copy_dims(&shape, w, 0, 2);
    gli_onnx_copy_dims(&shape, w, 3, 5);
    return gli_onnx_reshape(node, w, &shape);
}

/* y [N D,K,P,Q] as [N,L,K,P,Q]: its depths are `stride` apart from `first` on, and zeros elsewhere. */
static gli_onnx_value *spread_depth(gli_onnx_node *node, gli_onnx_value *y, const gli_onnx_value *x, int stride,
                                    int64_t first, int64_t length) {
    const int64_t depth = x->is.dim[2], used = (depth - 1) * stride + 1;
    const glia_pad_params between = {.after = {0, 0, stride - 1}};
    const glia_pad_params around  = {.before = {0, (int)first}, .after = {0, (int)(length - used - first)}};
    gli_onnx_shape apart = {0}, merged = {0};
    gli_onnx_copy_dims(&apart, x, 0, 1);
    gli_onnx_copy_dims(&apart, x, 2, 3);
    gli_onnx_add_dim(&apart, 1, 1);
    gli_onnx_copy_dims(&apart, y, 1, 4);
    y = gli_onnx_reshape(node, y, &apart);
    y = y ? gli_onnx_call(node, &gli_op_pad, &between, GLI_ONNX_VALUES(y)) : NULL;
    if (!y) return NULL;
    gli_onnx_copy_dims(&merged, y, 0, 1);
    gli_onnx_merge_dims(&merged, y, 1, 3);
    gli_onnx_copy_dims(&merged, y, 3, 6);
    y = gli_onnx_slice(node, gli_onnx_reshape(node, y, &merged), 1, 0, used, 1);
    return y ? gli_onnx_call(node, &gli_op_pad, &around, GLI_ONNX_VALUES(y)) : NULL;
}

/* Of three dimensions: for each depth of the window the images' convolutions, where they come to stand. */
static gli_onnx_value *transpose_depth(gli_onnx_node *node, const glia_conv2d_transpose_params *params,
                                       const gli_onnx_window *w, gli_onnx_value *x, gli_onnx_value *filters) {
    static const int swap[]  = {0, 2, 1, 3, 4};
    const int64_t length     = (x->is.dim[2] - 1) * w->stride[0] + span(w, 0) + w->output_pad[0];
    gli_onnx_shape images    = {0};
    gli_onnx_value *sum      = NULL;
    gli_onnx_value *by_depth = gli_onnx_transpose(node, x, swap);
    if (x->is.dim[2] < 1 || length > INT32_MAX || w->kernel[0] > GLI_MAX_IN)
        return gli_onnx_fail(node, GLIA_UNSUPPORTED, "%s with a window of depth %d", GLI_SHAPE_OF(&x->is),
                             w->kernel[0]);
    if (!by_depth) return NULL;
    gli_onnx_merge_dims(&images, by_depth, 0, 2);
    gli_onnx_copy_dims(&images, by_depth, 2, 5);
    by_depth = gli_onnx_reshape(node, by_depth, &images);
    for (int s = 0; s < w->kernel[0] && by_depth && gli_onnx_ok(node); ++s) {
        gli_onnx_value *f = filters_at(node, filters, s);
        gli_onnx_value *y =
            f ? gli_onnx_call(node, &gli_op_conv2d_transpose, params, GLI_ONNX_VALUES(by_depth, f)) : NULL;
        if (y) y = spread_depth(node, y, x, w->stride[0], (int64_t)s * w->dilation[0], length);
        sum = sum ? gli_onnx_binary(node, GLIA_BINARY_ADD, sum, y) : y;
    }
    sum = gli_onnx_slice(node, sum, 1, w->pad[0], length - w->pad_end[0], 1);
    return gli_onnx_transpose(node, sum, swap);
}

static gli_onnx_value *add_bias(gli_onnx_node *node, gli_onnx_value *y, gli_onnx_value *bias) {
    gli_onnx_shape shape = {0};
    if (!bias) return y;
    gli_onnx_merge_dims(&shape, bias, 0, bias->is.ndim);
    for (int i = 0; i < 3; ++i) gli_onnx_add_dim(&shape, 1, 1);
    return gli_onnx_binary(node, GLIA_BINARY_ADD, y, gli_onnx_reshape(node, bias, &shape));
}

void gli_onnx_map_conv_transpose(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0), *w = gli_onnx_in(node, 1), *bias = gli_onnx_in(node, 2);
    gli_onnx_window window;
    GLI_ONNX_REQUIRE(node, x && w, GLIA_BAD_FORMAT, "it has an image and weights");
    if (!gli_onnx_read_window(node, x, w, &window)) return;
    if (!read_crops(node, x, &window)) return;
    glia_conv2d_transpose_params params = glia_conv2d_transpose_defaults();
    params.groups                       = read_groups(node);
    memcpy(params.stride, window.stride + 1, sizeof params.stride);
    memcpy(params.pad, window.pad + 1, sizeof params.pad);
    memcpy(params.pad_end, window.pad_end + 1, sizeof params.pad_end);
    memcpy(params.dilation, window.dilation + 1, sizeof params.dilation);
    memcpy(params.output_pad, window.output_pad + 1, sizeof params.output_pad);
    if (window.rank == 3) {
        gli_onnx_give(node, 0, add_bias(node, transpose_depth(node, &params, &window, x, w), bias));
        return;
    }
    x = gli_onnx_to_row(node, x);
    w = gli_onnx_to_row(node, w);
    if (!x || !w) return;
    gli_onnx_value *y = gli_onnx_call(node, &gli_op_conv2d_transpose, &params, GLI_ONNX_VALUES(x, w, bias));
    gli_onnx_give(node, 0, window.rank == 1 ? gli_onnx_from_row(node, y) : y);
}
