/* What operators become: a function for each, or for several that differ in their row of the table. */
#ifndef GLI_ONNX_MAP_H
#define GLI_ONNX_MAP_H

#include "onnx/onnx_import.h"

/* ---- map_elementwise.c ---- */
void gli_onnx_map_unary(gli_onnx_node *node);
void gli_onnx_map_integer_unary(gli_onnx_node *node); /* of floats, and of constant integers */
void gli_onnx_map_selu(gli_onnx_node *node);
void gli_onnx_map_celu(gli_onnx_node *node);
void gli_onnx_map_thresholded_relu(gli_onnx_node *node);
void gli_onnx_map_gelu(gli_onnx_node *node);
void gli_onnx_map_mish(gli_onnx_node *node);
void gli_onnx_map_reciprocal(gli_onnx_node *node);
void gli_onnx_map_prelu(gli_onnx_node *node);
void gli_onnx_map_clip(gli_onnx_node *node);
void gli_onnx_map_sign(gli_onnx_node *node);
void gli_onnx_map_erf(gli_onnx_node *node);
void gli_onnx_map_round(gli_onnx_node *node);
void gli_onnx_map_tan(gli_onnx_node *node);

/* ---- map_binary.c ---- */
void gli_onnx_map_binary(gli_onnx_node *node);
void gli_onnx_map_pow(gli_onnx_node *node);
void gli_onnx_map_mod(gli_onnx_node *node);
void gli_onnx_map_variadic(gli_onnx_node *node);
void gli_onnx_map_mean(gli_onnx_node *node);
void gli_onnx_map_logic(gli_onnx_node *node);
void gli_onnx_map_not(gli_onnx_node *node);
void gli_onnx_map_compare(gli_onnx_node *node);
void gli_onnx_map_where(gli_onnx_node *node);
void gli_onnx_map_is_nan(gli_onnx_node *node);
void gli_onnx_map_is_inf(gli_onnx_node *node);
void gli_onnx_map_shrink(gli_onnx_node *node);
void gli_onnx_map_trilu(gli_onnx_node *node);

/* ---- map_linear.c ---- */
void gli_onnx_map_gemm(gli_onnx_node *node);
void gli_onnx_map_matmul(gli_onnx_node *node);

/* ---- map_einsum.c ---- */
void gli_onnx_map_einsum(gli_onnx_node *node);

/* ---- map_conv.c and map_pool.c ---- */
void gli_onnx_map_conv(gli_onnx_node *node);
void gli_onnx_map_conv_transpose(gli_onnx_node *node);
void gli_onnx_map_max_pool(gli_onnx_node *node);
void gli_onnx_map_average_pool(gli_onnx_node *node);
void gli_onnx_map_global_pool(gli_onnx_node *node);

/* A window over depth, rows and columns, of which there are the last ones. */
typedef struct gli_onnx_window {
    int rank; /* how many there are */
    int kernel[3], stride[3], dilation[3], pad[3], pad_end[3], output_pad[3];
    const char *auto_pad;
} gli_onnx_window;
/* Reads kernel_shape, strides, dilations, pads and auto_pad of a node whose first input is x. weight: of which the
 * kernel is, NULL: of none. */
bool gli_onnx_read_window(gli_onnx_node *node, const gli_onnx_value *x, const gli_onnx_value *weight,
                          gli_onnx_window *out);
/* The zeros that auto_pad stands for, of a window that goes over x. */
void gli_onnx_fill_pads(const gli_onnx_value *x, gli_onnx_window *w);
/* x of one dimension as an image of one row, and back. */
gli_onnx_value *gli_onnx_to_row(gli_onnx_node *node, gli_onnx_value *x);
gli_onnx_value *gli_onnx_from_row(gli_onnx_node *node, gli_onnx_value *x);

/* ---- map_norm.c ---- */
void gli_onnx_map_batchnorm(gli_onnx_node *node);
void gli_onnx_map_layernorm(gli_onnx_node *node);
void gli_onnx_map_instancenorm(gli_onnx_node *node);
void gli_onnx_map_groupnorm(gli_onnx_node *node);
void gli_onnx_map_rmsnorm(gli_onnx_node *node);
void gli_onnx_map_mvn(gli_onnx_node *node);
void gli_onnx_map_lrn(gli_onnx_node *node);
void gli_onnx_map_dropout(gli_onnx_node *node);

/* ---- map_rnn.c ---- */
void gli_onnx_map_rnn(gli_onnx_node *node);

/* ---- map_softmax.c: also losses ---- */
void gli_onnx_map_softmax(gli_onnx_node *node);
void gli_onnx_map_hardmax(gli_onnx_node *node);
void gli_onnx_map_cross_entropy(gli_onnx_node *node);

/* ---- map_optimizer.c ---- */
void gli_onnx_map_adam(gli_onnx_node *node);
void gli_onnx_map_momentum(gli_onnx_node *node);
void gli_onnx_map_adagrad(gli_onnx_node *node);

/* ---- map_reduce.c ---- */
void gli_onnx_map_reduce(gli_onnx_node *node);
void gli_onnx_map_reduce_log_sum(gli_onnx_node *node);
void gli_onnx_map_reduce_log_sum_exp(gli_onnx_node *node);
void gli_onnx_map_reduce_sum_square(gli_onnx_node *node);
void gli_onnx_map_reduce_prod(gli_onnx_node *node);
void gli_onnx_map_argmax(gli_onnx_node *node);
void gli_onnx_map_cumsum(gli_onnx_node *node);
void gli_onnx_map_topk(gli_onnx_node *node);

/* ---- map_resize.c ---- */
void gli_onnx_map_resize(gli_onnx_node *node);

/* ---- map_shape.c: shapes, and constants ---- */
void gli_onnx_map_identity(gli_onnx_node *node);
void gli_onnx_map_constant(gli_onnx_node *node);
void gli_onnx_map_constant_of_shape(gli_onnx_node *node);
void gli_onnx_map_shape(gli_onnx_node *node);
void gli_onnx_map_size(gli_onnx_node *node);
void gli_onnx_map_range(gli_onnx_node *node);
void gli_onnx_map_eye_like(gli_onnx_node *node);
void gli_onnx_map_cast(gli_onnx_node *node);
void gli_onnx_map_cast_like(gli_onnx_node *node);
void gli_onnx_map_reshape(gli_onnx_node *node);
void gli_onnx_map_flatten(gli_onnx_node *node);
void gli_onnx_map_squeeze(gli_onnx_node *node);
void gli_onnx_map_unsqueeze(gli_onnx_node *node);
void gli_onnx_map_expand(gli_onnx_node *node);

/* ---- map_movement.c ---- */
void gli_onnx_map_transpose(gli_onnx_node *node);
void gli_onnx_map_concat(gli_onnx_node *node);
void gli_onnx_map_split(gli_onnx_node *node);
void gli_onnx_map_slice(gli_onnx_node *node);
void gli_onnx_map_gather(gli_onnx_node *node);
void gli_onnx_map_one_hot(gli_onnx_node *node);
void gli_onnx_map_pad(gli_onnx_node *node);
void gli_onnx_map_tile(gli_onnx_node *node);
void gli_onnx_map_depth_to_space(gli_onnx_node *node);
void gli_onnx_map_space_to_depth(gli_onnx_node *node);

#endif
