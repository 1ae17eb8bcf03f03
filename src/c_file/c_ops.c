/* The table of what can be written. */
#include "c_file/c_file.h"

static const gli_c_op *const rows[] = {
    &gli_c_dense,
    &gli_c_conv2d,
    &gli_c_conv2d_transpose,
    &gli_c_max_pool2d,
    &gli_c_avg_pool2d,
    &gli_c_adaptive_max_pool2d,
    &gli_c_adaptive_avg_pool2d,
    &gli_c_batchnorm_op,
    &gli_c_layernorm,
    &gli_c_groupnorm,
    &gli_c_unary_op,
    &gli_c_binary,
    &gli_c_prelu,
    &gli_c_softmax,
    &gli_c_reduce,
    &gli_c_gather,
    &gli_c_transpose_op,
    &gli_c_concat,
    &gli_c_slice,
    &gli_c_pad,
    &gli_c_expand,
    &gli_c_rnn,
    &gli_c_interpolate,
};

const gli_c_op *gli_c_op_of(const gli_op *op) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i)
        if (rows[i]->op == op) return rows[i];
    return NULL;
}
