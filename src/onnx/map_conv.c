/* Convolutions, of one and two dimensions. */
#include "glia/ops/conv.h"

#include <limits.h>
#include <string.h>

#include "onnx/onnx_map.h"

/* ---- The window ---- */

/* Of one number each, at the window's second place, beside `first`. */
static bool read_pair(gli_onnx_node *node, const char *name, int rank, int first, const int64_t *otherwise,
                      int out[2]) {
    int64_t numbers[4];
    const int n = gli_onnx_ints(node, name, 4, numbers);
    if (n >= 0 && n != rank) {
        gli_onnx_fail(node, GLIA_BAD_FORMAT, "%s has %d numbers, the images have %d dimensions", name, n, rank);
        return false;
    }
    const int64_t *from = n >= 0 ? numbers : otherwise;
    out[0]              = first;
    for (int i = 0; i < rank; ++i) {
        const int64_t number = from ? from[i] : first;
        if (number < INT_MIN || number > INT_MAX) {
            gli_onnx_fail(node, GLIA_BAD_FORMAT, "%s has %lld", name, (long long)number);
            return false;
        }
        out[2 - rank + i] = (int)number;
    }
    return gli_onnx_ok(node);
}

static bool read_pads(gli_onnx_node *node, gli_onnx_window *w) {
    int64_t pads[4] = {0};
    const int n     = gli_onnx_ints(node, "pads", 4, pads);
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
        w->pad[2 - w->rank + i]     = (int)pad;
        w->pad_end[2 - w->rank + i] = (int)end;
    }
    return gli_onnx_ok(node);
}

bool gli_onnx_read_window(gli_onnx_node *node, const gli_onnx_value *x, const gli_onnx_value *weight,
                          gli_onnx_window *out) {
    static const char *const words[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"};
    if (!x) return gli_onnx_fail(node, GLIA_BAD_FORMAT, "it has no image"), false;
    *out = (gli_onnx_window){.rank = x->is.ndim - 2, .auto_pad = gli_onnx_string(node, "auto_pad", "NOTSET")};
    if (out->rank == 3) return gli_onnx_fail(node, GLIA_UNSUPPORTED, "Glia has no images of three dimensions"), false;
    if (out->rank != 1 && out->rank != 2)
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
    if (!read_pair(node, "kernel_shape", out->rank, 1, weight ? weight->is.dim + 2 : NULL, out->kernel) ||
        !read_pair(node, "strides", out->rank, 1, NULL, out->stride) ||
        !read_pair(node, "dilations", out->rank, 1, NULL, out->dilation) || !read_pads(node, out))
        return false;
    for (int i = 0; i < 2; ++i)
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
        for (int i = 0; i < 2; ++i) w->pad[i] = w->pad_end[i] = 0;
    if (!upper && !lower) return;
    for (int i = 2 - w->rank; i < 2; ++i) {
        const int64_t size = x->is.dim[x->is.ndim - 2 + i], out = (size + w->stride[i] - 1) / w->stride[i];
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

void gli_onnx_map_conv(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0), *w = gli_onnx_in(node, 1), *bias = gli_onnx_in(node, 2);
    gli_onnx_window window;
    GLI_ONNX_REQUIRE(node, x && w, GLIA_BAD_FORMAT, "it has an image and weights");
    if (!gli_onnx_read_window(node, x, w, &window)) return;
    gli_onnx_fill_pads(x, &window);
    glia_conv2d_params params = glia_conv2d_defaults();
    params.groups             = read_groups(node);
    memcpy(params.stride, window.stride, sizeof params.stride);
    memcpy(params.pad, window.pad, sizeof params.pad);
    memcpy(params.pad_end, window.pad_end, sizeof params.pad_end);
    memcpy(params.dilation, window.dilation, sizeof params.dilation);
    x = gli_onnx_to_row(node, x);
    w = gli_onnx_to_row(node, w);
    if (!x || !w) return;
    gli_onnx_value *y = gli_onnx_call(node, &gli_op_conv2d, &params, GLI_ONNX_VALUES(x, w, bias));
    gli_onnx_give(node, 0, window.rank == 1 ? gli_onnx_from_row(node, y) : y);
}

/* ---- ConvTranspose ---- */

/* What is cropped where a size is asked for. What is missing to it is added at the end. */
static void crop_to(gli_onnx_window *w, int i, int64_t size, int64_t wanted) {
    const int64_t full = (size - 1) * w->stride[i] + span(w, i) + w->output_pad[i];
    share(w, i, full - wanted, strcmp(w->auto_pad, "SAME_UPPER") == 0);
    if (full < wanted) w->output_pad[i] += wanted - full > INT_MAX / 2 ? INT_MAX / 2 : (int)(wanted - full);
}

static bool read_crops(gli_onnx_node *node, const gli_onnx_value *x, gli_onnx_window *w) {
    int64_t wanted[6], none[2] = {0};
    const int n     = gli_onnx_ints(node, "output_shape", 6, wanted);
    const bool same = strncmp(w->auto_pad, "SAME", 4) == 0;
    if (!read_pair(node, "output_padding", w->rank, 0, none, w->output_pad)) return false;
    if (n >= 0 && n < w->rank) return gli_onnx_fail(node, GLIA_BAD_FORMAT, "output_shape has %d numbers", n), false;
    for (int i = 0; i < w->rank; ++i) {
        const int at       = 2 - w->rank + i;
        const int64_t size = x->is.dim[2 + i];
        if (n >= 0)
            crop_to(w, at, size, wanted[n - w->rank + i]);
        else if (same)
            crop_to(w, at, size, size * w->stride[at]);
    }
    return true;
}

void gli_onnx_map_conv_transpose(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0), *w = gli_onnx_in(node, 1), *bias = gli_onnx_in(node, 2);
    gli_onnx_window window;
    GLI_ONNX_REQUIRE(node, x && w, GLIA_BAD_FORMAT, "it has an image and weights");
    if (!gli_onnx_read_window(node, x, w, &window) || !read_crops(node, x, &window)) return;
    glia_conv2d_transpose_params params = glia_conv2d_transpose_defaults();
    params.groups                       = read_groups(node);
    memcpy(params.stride, window.stride, sizeof params.stride);
    memcpy(params.pad, window.pad, sizeof params.pad);
    memcpy(params.pad_end, window.pad_end, sizeof params.pad_end);
    memcpy(params.dilation, window.dilation, sizeof params.dilation);
    memcpy(params.output_pad, window.output_pad, sizeof params.output_pad);
    x = gli_onnx_to_row(node, x);
    w = gli_onnx_to_row(node, w);
    if (!x || !w) return;
    gli_onnx_value *y = gli_onnx_call(node, &gli_op_conv2d_transpose, &params, GLI_ONNX_VALUES(x, w, bias));
    gli_onnx_give(node, 0, window.rank == 1 ? gli_onnx_from_row(node, y) : y);
}
