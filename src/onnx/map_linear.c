/* Products of matrices. */
#include "glia/ops/linear.h"
#include "onnx/onnx_map.h"

/* Of weights as PyTorch exports a linear layer, it is Glia's dense. */
void gli_onnx_map_gemm(gli_onnx_node *node) {
    gli_onnx_value *a = gli_onnx_in(node, 0), *b = gli_onnx_in(node, 1), *c = gli_onnx_in(node, 2);
    const glia_matmul_params params = {.transpose_a = gli_onnx_int(node, "transA", 0) != 0,
                                       .transpose_b = gli_onnx_int(node, "transB", 0) != 0,
                                       .alpha       = gli_onnx_float(node, "alpha", 1),
                                       .beta        = gli_onnx_float(node, "beta", 1)};
    if (node->version < 7) gli_onnx_ignore(node, "broadcast"); /* as all later versions do */
    GLI_ONNX_REQUIRE(node, a && b, GLIA_BAD_FORMAT, "it has two matrices");
    GLI_ONNX_REQUIRE(node, a->is.ndim == 2 && b->is.ndim == 2, GLIA_SHAPE_MISMATCH, "A is %s, B is %s: not matrices",
                     GLI_SHAPE_OF(&a->is), GLI_SHAPE_OF(&b->is));
    const bool plain = !params.transpose_a && params.transpose_b && params.alpha == 1 && params.beta == 1;
    if (plain && (!c || (c->is.ndim == 1 && c->is.dim[0] == b->is.dim[0])))
        gli_onnx_give(node, 0, gli_onnx_call(node, &gli_op_dense, NULL, GLI_ONNX_VALUES(a, b, c)));
    else
        gli_onnx_give(node, 0, gli_onnx_call(node, &gli_op_matmul, &params, GLI_ONNX_VALUES(a, b, c)));
}

/* x with a dimension of 1 in front or at the end. */
static gli_onnx_value *vector_as_matrix(gli_onnx_node *node, gli_onnx_value *x, bool row) {
    gli_onnx_shape shape = {0};
    if (row) gli_onnx_add_dim(&shape, 1, 1);
    gli_onnx_copy_dims(&shape, x, 0, 1);
    if (!row) gli_onnx_add_dim(&shape, 1, 1);
    return gli_onnx_reshape(node, x, &shape);
}

void gli_onnx_map_matmul(gli_onnx_node *node) {
    gli_onnx_value *a = gli_onnx_in(node, 0), *b = gli_onnx_in(node, 1);
    GLI_ONNX_REQUIRE(node, a && b && a->is.ndim && b->is.ndim, GLIA_BAD_FORMAT, "it has two matrices");
    const bool row = a->is.ndim == 1, column = b->is.ndim == 1;
    if (row) a = vector_as_matrix(node, a, true);
    if (column) b = vector_as_matrix(node, b, false);
    if (!a || !b) return;
    gli_onnx_value *y = gli_onnx_call(node, &gli_op_matmul, NULL, GLI_ONNX_VALUES(a, b));
    if (y && (row || column)) {
        gli_onnx_shape shape = {0};
        gli_onnx_copy_dims(&shape, y, 0, y->is.ndim - 2);
        if (!row) gli_onnx_copy_dims(&shape, y, y->is.ndim - 2, y->is.ndim - 1);
        if (!column) gli_onnx_copy_dims(&shape, y, y->is.ndim - 1, y->is.ndim);
        y = gli_onnx_reshape(node, y, &shape);
    }
    gli_onnx_give(node, 0, y);
}
