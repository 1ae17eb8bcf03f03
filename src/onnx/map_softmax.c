/* Softmax, and the losses that follow it. */
#include "glia/ops/softmax.h"

#include <string.h>

#include "core/dtype.h"
#include "glia/ops/loss.h"
#include "glia/ops/movement.h"
#include "glia/ops/reduce.h"
#include "onnx/onnx_map.h"

/* Up to version 12 over all dimensions from the axis on. A row's kind: whether it is the logarithm. */
void gli_onnx_map_softmax(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    GLI_ONNX_REQUIRE(node, x, GLIA_BAD_FORMAT, "it has no x");
    const bool flat      = node->version < 13;
    const int axis       = gli_onnx_axis(node, gli_onnx_int(node, "axis", flat ? 1 : -1), x->is.ndim);
    gli_onnx_shape whole = gli_onnx_shape_of(x), two = {0};
    const bool merge = flat && axis != x->is.ndim - 1;
    gli_onnx_copy_dims(&two, x, 0, axis);
    gli_onnx_merge_dims(&two, x, axis, x->is.ndim);
    if (merge) x = gli_onnx_reshape(node, x, &two);
    if (!x) return;
    const glia_softmax_params params = {.axis = merge ? -1 : axis, .log = node->row->kind != 0};
    gli_onnx_value *y                = gli_onnx_call(node, &gli_op_softmax, &params, GLI_ONNX_VALUES(x));
    gli_onnx_give(node, 0, merge ? gli_onnx_reshape(node, y, &whole) : y);
}

/* 1 at the first of the largest elements, 0 elsewhere. */
void gli_onnx_map_hardmax(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    GLI_ONNX_REQUIRE(node, x, GLIA_BAD_FORMAT, "it has no x");
    const bool flat      = node->version < 13;
    const int axis       = gli_onnx_axis(node, gli_onnx_int(node, "axis", flat ? 1 : -1), x->is.ndim);
    gli_onnx_shape whole = gli_onnx_shape_of(x), two = {0};
    int last[GLIA_MAX_DIMS];
    if (flat) {
        gli_onnx_copy_dims(&two, x, 0, axis);
        gli_onnx_merge_dims(&two, x, axis, x->is.ndim);
        x = gli_onnx_reshape(node, x, &two);
        if (!x) return;
    }
    const int over = flat ? x->is.ndim - 1 : axis;
    if (!gli_onnx_check_fixed(node, x, over)) return;
    const glia_argmax_params argmax = {.axis = over};
    gli_onnx_value *index           = gli_onnx_call(node, &gli_op_argmax, &argmax, GLI_ONNX_VALUES(x));
    if (!index) return;
    glia_one_hot_params params = glia_one_hot_defaults();
    params.classes             = (int)x->is.dim[over];
    params.dtype               = x->is.dtype;
    gli_onnx_value *y          = gli_onnx_call(node, &gli_op_one_hot, &params, GLI_ONNX_VALUES(index));
    for (int i = 0; i < x->is.ndim; ++i) last[i] = i < over ? i : i == over ? x->is.ndim - 1 : i - 1;
    if (over != x->is.ndim - 1) y = gli_onnx_transpose(node, y, last);
    gli_onnx_give(node, 0, flat ? gli_onnx_reshape(node, y, &whole) : y);
}

/* A row's kind is what the first input has: a glia_cross_entropy_from. */
void gli_onnx_map_cross_entropy(gli_onnx_node *node) {
    static const char *const words[] = {"mean", "sum", "none"};
    gli_onnx_value *x = gli_onnx_in(node, 0), *target = gli_onnx_in(node, 1), *weight = gli_onnx_in(node, 2);
    const char *reduction            = gli_onnx_string(node, "reduction", words[0]);
    glia_cross_entropy_params params = {.from = (glia_cross_entropy_from)node->row->kind};
    int r                            = 0;
    while (r < 3 && strcmp(reduction, words[r]) != 0) ++r;
    GLI_ONNX_REQUIRE(node, r < 3, GLIA_BAD_FORMAT, "reduction is '%.32s'", reduction);
    GLI_ONNX_REQUIRE(node, x && target, GLIA_BAD_FORMAT, "it has scores and labels");
    params.reduction    = (glia_reduction)r;
    params.ignore       = gli_onnx_has(node, "ignore_index");
    params.ignore_index = gli_onnx_int(node, "ignore_index", 0);
    gli_onnx_give(node, 0, gli_onnx_call(node, &gli_op_cross_entropy, &params, GLI_ONNX_VALUES(x, target, weight)));
    if (!gli_onnx_wants(node, 1)) return;
    const glia_softmax_params log = {.axis = 1, .log = true};
    gli_onnx_give(node, 1, gli_onnx_call(node, &gli_op_softmax, &log, GLI_ONNX_VALUES(x)));
}
