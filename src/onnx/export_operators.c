/* The table of ops that are written: a row for each. Ops of training, and those that only gradients have, are in none.
 */
#include "onnx/onnx_export.h"

#define AXIS {"axis", "axis"}
#define EPSILON {"epsilon", "epsilon"}
#define WINDOW {"stride", "strides"}, {"dilation", "dilations"}

static const gli_onnx_row rows[] = {
    {&gli_op_adaptive_avg_pool2d, gli_onnx_write_adaptive_pool, "ReduceMean", {{0}}},
    {&gli_op_adaptive_max_pool2d, gli_onnx_write_adaptive_pool, "ReduceMax", {{0}}},
    {&gli_op_argmax, NULL, "ArgMax", {AXIS, {"keep_dims", "keepdims"}}},
    {&gli_op_avg_pool2d, gli_onnx_write_pool, "AveragePool", {{"kernel", "kernel_shape"}, WINDOW}},
    {&gli_op_avg_pool3d, gli_onnx_write_pool, "AveragePool", {{"kernel", "kernel_shape"}, WINDOW}},
    {&gli_op_batchnorm, gli_onnx_write_batchnorm, "BatchNormalization", {EPSILON}},
    {&gli_op_batchnorm_inference, gli_onnx_write_batchnorm, "BatchNormalization", {EPSILON}},
    {&gli_op_binary, gli_onnx_write_binary, NULL, {{0}}},
    {&gli_op_cast, gli_onnx_write_casted, "Cast", {{0}}},
    {&gli_op_concat, NULL, "Concat", {AXIS}},
    {&gli_op_conv2d, gli_onnx_write_conv, "Conv", {WINDOW, {"groups", "group"}}},
    {&gli_op_conv2d_transpose,
     gli_onnx_write_conv,
     "ConvTranspose",
     {WINDOW, {"groups", "group"}, {"output_pad", "output_padding"}}},
    {&gli_op_conv3d, gli_onnx_write_conv, "Conv", {WINDOW, {"groups", "group"}}},
    {&gli_op_cross_entropy, gli_onnx_write_cross_entropy, NULL, {{"reduction", "reduction"}}},
    {&gli_op_cumsum, gli_onnx_write_cumsum, "CumSum", {{"exclusive", "exclusive"}, {"reverse", "reverse"}}},
    {&gli_op_dense, gli_onnx_write_dense, "Gemm", {{0}}},
    {&gli_op_dropout, gli_onnx_write_same, NULL, {{0}}},
    {&gli_op_expand, gli_onnx_write_expanded, "Expand", {{0}}},
    {&gli_op_gather, NULL, "Gather", {AXIS}},
    {&gli_op_groupnorm, gli_onnx_write_groupnorm, "GroupNormalization", {EPSILON}},
    {&gli_op_interpolate,
     gli_onnx_write_interpolate,
     "Resize",
     {{"mode", "mode"}, {"coordinates", "coordinate_transformation_mode"}}},
    {&gli_op_layernorm, gli_onnx_write_layernorm, "LayerNormalization", {EPSILON}},
    {&gli_op_mask_steps, gli_onnx_write_mask, "Where", {{0}}},
    {&gli_op_matmul, gli_onnx_write_matmul, "MatMul", {{0}}},
    {&gli_op_max_pool2d, gli_onnx_write_pool, "MaxPool", {{"kernel", "kernel_shape"}, WINDOW}},
    {&gli_op_max_pool3d, gli_onnx_write_pool, "MaxPool", {{"kernel", "kernel_shape"}, WINDOW}},
    {&gli_op_one_hot, gli_onnx_write_one_hot, "OneHot", {{0}}},
    {&gli_op_pad, gli_onnx_write_padded, "Pad", {{0}}},
    {&gli_op_prelu, gli_onnx_write_prelu, "PRelu", {{0}}},
    {&gli_op_reduce, gli_onnx_write_reduction, NULL, {{0}}},
    {&gli_op_reshape, gli_onnx_write_reshaped, "Reshape", {{0}}},
    {&gli_op_rnn, gli_onnx_write_rnn, NULL, {{0}}},
    {&gli_op_sequence_lengths, gli_onnx_write_lengths, NULL, {{0}}},
    {&gli_op_slice, gli_onnx_write_sliced, "Slice", {{0}}},
    {&gli_op_softmax, gli_onnx_write_softmax, NULL, {AXIS}},
    {&gli_op_topk, gli_onnx_write_topk, "TopK", {AXIS}},
    {&gli_op_transpose, gli_onnx_write_transposed, "Transpose", {{0}}},
    {&gli_op_unary, gli_onnx_write_unary, NULL, {{0}}},
    {&gli_op_where, gli_onnx_write_where, "Where", {{0}}},
};

const gli_onnx_row *gli_onnx_row_of(const gli_op *op) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i)
        if (rows[i].op == op) return &rows[i];
    return NULL;
}
