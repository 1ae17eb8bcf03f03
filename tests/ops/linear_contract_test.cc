// What the linear family refuses, with which status, and whether the message names the offending values.
#include <gtest/gtest.h>

#include <climits>
#include <cmath>

#include "support/bad_calls.h"
#include "support/case.h"
#include "support/params.h"

extern "C" {
#include "ops/window.h"
}

namespace {

using namespace glia;

constexpr int64_t kHuge = int64_t(1) << 31;

std::vector<char> conv(const params::conv2d &p = {}) { return bytes_of(p); }
std::vector<char> back(const params::conv2d &p, int rows, int columns) {
    return bytes_of(params::conv2d_backward_data{p, {rows, columns}});
}
std::vector<char> conv3(const params::conv3d &p = {}) { return bytes_of(p); }
std::vector<char> back3(const params::conv3d &p, int slices, int rows, int columns) {
    return bytes_of(params::conv3d_backward_data{p, {slices, rows, columns}});
}
std::vector<char> transpose(const params::conv2d_transpose &p = {}) { return bytes_of(p); }
std::vector<char> matmul(const params::matmul &p = {}) { return bytes_of(p); }
std::vector<char> dense(glia_activation activation = GLIA_LINEAR) { return bytes_of(params::dense{activation}); }
std::vector<char> data(glia_activation activation = GLIA_LINEAR) {
    return bytes_of(params::dense_backward_data{activation});
}
std::vector<char> weights() { return bytes_of(params::dense_backward_weights{}); }

const Array kX = dims({2, 4, 5, 6}), kW = dims({3, 4, 3, 3}), kGrouped = dims({3, 2, 3, 3}), kDy = dims({2, 3, 3, 4});
const Array kVolume = dims({2, 4, 3, 5, 6}), kFilter3 = dims({3, 4, 2, 3, 3}), kDy3 = dims({2, 3, 2, 3, 4});
const Array kTw = dims({4, 3, 3, 3}), kA = dims({2, 3}), kB = dims({3, 4}), kUnits = dims({5, 3});

const std::vector<Bad> &bad_calls() {
    static const gli_op *const c = &gli_op_conv2d;
    static const gli_op *const d = &gli_op_conv2d_backward_data;
    static const gli_op *const f = &gli_op_conv2d_backward_filter;
    static const gli_op *const t = &gli_op_conv2d_transpose;
    static const gli_op *const v = &gli_op_conv3d;
    static const gli_op *const w = &gli_op_conv3d_backward_data;
    static const gli_op *const k = &gli_op_conv3d_backward_filter;
    static const gli_op *const m = &gli_op_matmul;
    static const gli_op *const u = &gli_op_dense;
    static const gli_op *const b = &gli_op_dense_backward_weights;
    static const gli_op *const x = &gli_op_dense_backward_data;
    const auto SHAPE = GLIA_SHAPE_MISMATCH, ARGUMENT = GLIA_INVALID_ARGUMENT, DTYPE = GLIA_DTYPE_MISMATCH,
               LARGE                  = GLIA_UNSUPPORTED;
    static const std::vector<Bad> all = {
        bad("one_input", c, conv(), {kX}, ARGUMENT, "conv2d: 1 inputs, takes 2 to 3"),
        bad("no_x", c, conv(), {ABSENT, kW}, ARGUMENT, "conv2d: x is NULL"),
        bad("integers", c, conv(), {dims({2, 4, 5, 6}, GLIA_I32), kW}, DTYPE, "conv2d: x is i32, must be a float"),
        bad("two_dtypes", c, conv(), {kX, dims({3, 4, 3, 3}, GLIA_F16)}, DTYPE, "conv2d: x is f32, w is f16"),
        bad("x_of_three", c, conv(), {dims({4, 5, 6}), kW}, SHAPE, "conv2d: x is [4,5,6], must have 4 dimensions"),
        bad("w_of_two", c, conv(), {kX, dims({3, 4})}, SHAPE, "conv2d: w is [3,4], must have 4 dimensions"),
        bad("channels", c, conv(), {kX, kGrouped}, SHAPE,
            "x has 4 channels in 1 groups, so each filter needs 4, not 2"),
        bad("groups_negative", c, conv({.groups = -2}), {kX, kGrouped}, ARGUMENT, "groups is -2, must be positive"),
        bad("groups_of_zero", c, conv({.groups = 0}), {kX, kW}, ARGUMENT, "conv2d: groups is 0, must be positive"),
        bad("groups_not_of_channels", c, conv({.groups = 3}), {kX, kW}, SHAPE,
            "4 channels and 3 filters do not divide into 3 groups"),
        bad("groups_not_of_filters", c, conv({.groups = 2}), {kX, kGrouped}, SHAPE,
            "4 channels and 3 filters do not divide into 2 groups"),
        bad("bias_shape", c, conv(), {kX, kW, dims({4})}, SHAPE, "conv2d: bias is [4], must be [3]"),
        bad("bias_of_two", c, conv(), {kX, kW, dims({3, 1})}, SHAPE, "conv2d: bias is [3,1], must be [3]"),
        bad("stride_negative", c, conv({.stride = {1, -1}}), {kX, kW}, ARGUMENT,
            "stride over columns is -1, must be positive"),
        bad("stride_of_zero", c, conv({.stride = {0, 1}}), {kX, kW}, ARGUMENT,
            "conv2d: stride over rows is 0, must be positive"),
        bad("stride_of_zero_columns", c, conv({.stride = {1, 0}}), {kX, kW}, ARGUMENT,
            "conv2d: stride over columns is 0, must be positive"),
        bad("dilation_of_zero", c, conv({.dilation = {0, 1}}), {kX, kW}, ARGUMENT,
            "conv2d: dilation over rows is 0, must be positive"),
        bad("all_zeros", c, bytes_of(glia_conv2d_params{}), {kX, kW}, ARGUMENT, "is 0, must be positive"),
        bad("dilation_negative", c, conv({.dilation = {-3, 1}}), {kX, kW}, ARGUMENT,
            "dilation over rows is -3, must be positive"),
        bad("pad_negative", c, conv({.pad = {-1, 0}, .pad_end = {1, 0}}), {kX, kW}, ARGUMENT,
            "pad over rows is -1 and 1, must not be negative"),
        bad("pad_end_negative", c, conv({.pad_end = {0, -2}}), {kX, kW}, ARGUMENT,
            "pad over columns is 0 and -2, must not be negative"),
        bad("kernel_too_large", c, conv({.dilation = {1, 3}}), {kX, kW}, SHAPE,
            "the kernel reaches over 7 columns, the padded input has 6"),
        bad("kernel_empty", c, conv(), {kX, dims({3, 4, 0, 3})}, SHAPE, "the kernel has 0 rows"),
        bad("activation_not_fused", c, conv({.activation = GLIA_GELU}), {kX, kW}, ARGUMENT,
            "activation gelu cannot be fused"),
        bad("activation_unknown", c, conv({.activation = glia_activation(99)}), {kX, kW}, ARGUMENT,
            "activation is 99, must be 0 (linear) to 15 (log_softmax)"),
        bad("output_too_wide", c, conv({.pad = {0, INT_MAX}}), {kX, kW}, LARGE, "the output would have"),
        bad("output_too_large", c, conv({.pad = {1 << 20, 1 << 20}}), {kX, kW}, LARGE, "more than 2^31-1 elements"),

        bad("size_missing", d, back({}, 0, 6), {kDy, kW}, ARGUMENT,
            "conv2d_backward_data: size is {0,6}, must be positive"),
        bad("size_negative", d, back({}, 5, -6), {kDy, kW}, ARGUMENT, "size is {5,-6}, must be positive"),
        bad("size_wrong", d, back({}, 6, 6), {kDy, kW}, SHAPE,
            "conv2d_backward_data: dy is [2,3,3,4], must be [2,3,4,4]"),
        bad("filters", d, back({}, 5, 6), {kDy, dims({2, 4, 3, 3})}, SHAPE,
            "conv2d_backward_data: dy is [2,3,3,4], must be [2,2,3,4]"),
        bad("activation", d, back({.activation = GLIA_RELU}, 5, 6), {kDy, kW}, ARGUMENT,
            "activation is relu, must be linear"),
        bad("groups_negative", d, back({.groups = -1}, 5, 6), {kDy, kW}, ARGUMENT, "groups is -1"),
        bad("groups_of_zero", d, back({.groups = 0}, 5, 6), {kDy, kW}, ARGUMENT, "groups is 0, must be positive"),
        bad("stride_of_zero", d, back({.stride = {1, 0}}, 5, 6), {kDy, kW}, ARGUMENT,
            "stride over columns is 0, must be positive"),
        bad("dilation_of_zero", d, back({.dilation = {0, 1}}, 5, 6), {kDy, kW}, ARGUMENT,
            "dilation over rows is 0, must be positive"),
        bad("activation_unknown", d, back({.activation = glia_activation(16)}, 5, 6), {kDy, kW}, ARGUMENT,
            "conv.activation is 16, must be 0 (linear) to 15 (log_softmax)"),
        bad("dy_of_three", d, back({}, 5, 6), {dims({3, 3, 4}), kW}, SHAPE,
            "conv2d_backward_data: dy is [3,3,4], must have 4 dimensions"),

        bad("size_missing", f, back({}, 0, 0), {kX, kDy}, ARGUMENT,
            "conv2d_backward_filter: size is {0,0}, must be positive"),
        bad("size_wrong", f, back({}, 2, 3), {kX, kDy}, SHAPE,
            "conv2d_backward_filter: dy is [2,3,3,4], must be [2,3,4,4]"),
        bad("batch", f, back({}, 3, 3), {kX, dims({1, 3, 3, 4})}, SHAPE,
            "conv2d_backward_filter: dy is [1,3,3,4], must be [2,3,3,4]"),
        bad("groups", f, back({.groups = 2}, 3, 3), {kX, kDy}, SHAPE,
            "4 channels and 3 filters do not divide into 2 groups"),
        bad("groups_negative", f, back({.groups = -4}, 3, 3), {kX, kDy}, ARGUMENT, "groups is -4, must be positive"),
        bad("groups_of_zero", f, back({.groups = 0}, 3, 3), {kX, kDy}, ARGUMENT, "groups is 0, must be positive"),
        bad("stride_of_zero", f, back({.stride = {0, 1}}, 3, 3), {kX, kDy}, ARGUMENT,
            "stride over rows is 0, must be positive"),
        bad("dilation_of_zero", f, back({.dilation = {1, 0}}, 3, 3), {kX, kDy}, ARGUMENT,
            "dilation over columns is 0, must be positive"),
        bad("activation", f, back({.activation = GLIA_TANH}, 3, 3), {kX, kDy}, ARGUMENT,
            "activation is tanh, must be linear"),
        bad("dtype", f, back({}, 3, 3), {kX, dims({2, 3, 3, 4}, GLIA_F64)}, DTYPE,
            "conv2d_backward_filter: x is f32, dy is f64"),

        bad("channels", t, transpose(), {kX, dims({3, 4, 3, 3})}, SHAPE,
            "conv2d_transpose: x has 4 channels, w is for 3"),
        bad("groups", t, transpose({.groups = 3}), {kX, kTw}, SHAPE, "4 channels do not divide into 3 groups"),
        bad("groups_negative", t, transpose({.groups = -1}), {kX, kTw}, ARGUMENT, "groups is -1, must be positive"),
        bad("groups_of_zero", t, transpose({.groups = 0}), {kX, kTw}, ARGUMENT, "groups is 0, must be positive"),
        bad("stride_of_zero", t, transpose({.stride = {0, 1}}), {kX, kTw}, ARGUMENT,
            "stride over rows is 0, must be positive"),
        bad("dilation_of_zero", t, transpose({.dilation = {1, 0}}), {kX, kTw}, ARGUMENT,
            "dilation over columns is 0, must be positive"),
        bad("activation_unknown", t, transpose({.activation = glia_activation(-1)}), {kX, kTw}, ARGUMENT,
            "activation is -1, must be 0 (linear) to 15 (log_softmax)"),
        bad("groups_too_many", t, transpose({.groups = 4}), {dims({1, 4, 1, 1}), dims({4, kHuge / 4, 1, 0})}, LARGE,
            "w [4,536870912,1,0] has more than 2^31-1 elements"),
        bad("x_of_three", t, transpose(), {dims({4, 5, 6}), kTw}, SHAPE,
            "conv2d_transpose: x is [4,5,6], must have 4 dimensions"),
        bad("w_of_five", t, transpose(), {kX, dims({4, 3, 3, 3, 1})}, SHAPE,
            "w is [4,3,3,3,1], must have 4 dimensions"),
        bad("bias", t, transpose({.groups = 2}), {kX, kTw, dims({3})}, SHAPE,
            "conv2d_transpose: bias is [3], must be [6]"),
        bad("stride", t, transpose({.stride = {-2, 1}}), {kX, kTw}, ARGUMENT,
            "stride over rows is -2, must be positive"),
        bad("dilation", t, transpose({.dilation = {1, -2}}), {kX, kTw}, ARGUMENT,
            "dilation over columns is -2, must be positive"),
        bad("pad", t, transpose({.pad = {0, -5}}), {kX, kTw}, ARGUMENT,
            "pad over columns is -5 and -5, must not be negative"),
        bad("pad_too_large", t, transpose({.pad = {4, 0}}), {kX, kTw}, SHAPE,
            "pad over rows is 4 and 4, which leaves -1 of the output"),
        bad("output_pad", t, transpose({.stride = {2, 2}, .output_pad = {1, 2}}), {kX, kTw}, ARGUMENT,
            "output_pad over columns is 2, must be from 0 to below the stride 2"),
        bad("output_pad_negative", t, transpose({.output_pad = {-1, 0}}), {kX, kTw}, ARGUMENT,
            "output_pad over rows is -1"),
        bad("no_rows", t, transpose(), {dims({2, 4, 0, 6}), kTw}, SHAPE, "conv2d_transpose: the input has no rows"),
        bad("kernel_empty", t, transpose(), {kX, dims({4, 3, 3, 0})}, SHAPE, "the kernel has 0 columns"),
        bad("activation", t, transpose({.activation = GLIA_SILU}), {kX, kTw}, ARGUMENT,
            "activation silu cannot be fused"),
        bad("output_too_wide", t, transpose({.stride = {1, INT_MAX}}), {kX, kTw}, LARGE,
            "the output would have 10737418238 columns"),
        bad("output_too_large", t, transpose({.stride = {1 << 20, 1 << 20}}), {kX, kTw}, LARGE,
            "more than 2^31-1 elements"),

        bad("images", v, conv3(), {kX, kFilter3}, SHAPE, "conv3d: x is [2,4,5,6], must have 5 dimensions"),
        bad("filters_of_images", v, conv3(), {kVolume, kW}, SHAPE, "conv3d: w is [3,4,3,3], must have 5 dimensions"),
        bad("stride_of_zero", v, conv3({.stride = {0, 1, 1}}), {kVolume, kFilter3}, ARGUMENT,
            "conv3d: stride over slices is 0, must be positive"),
        bad("pad_negative", v, conv3({.pad = {0, 0, -1}}), {kVolume, kFilter3}, ARGUMENT,
            "conv3d: pad over columns is -1 and -1, must not be negative"),
        bad("dilation_of_zero", v, conv3({.dilation = {1, 0, 1}}), {kVolume, kFilter3}, ARGUMENT,
            "conv3d: dilation over rows is 0, must be positive"),
        bad("kernel_too_deep", v, conv3({.dilation = {3, 1, 1}}), {kVolume, kFilter3}, SHAPE,
            "conv3d: the kernel reaches over 4 slices, the padded input has 3"),
        bad("channels", v, conv3({.groups = 2}), {kVolume, dims({4, 4, 2, 3, 3})}, SHAPE,
            "x has 4 channels in 2 groups, so each filter needs 2, not 4"),
        bad("size", w, back3({}, 3, 0, 6), {kDy3, kFilter3}, ARGUMENT,
            "conv3d_backward_data: size is {3,0,6}, must be positive"),
        bad("dy_shape", w, back3({}, 4, 5, 6), {kDy3, kFilter3}, SHAPE,
            "conv3d_backward_data: dy is [2,3,2,3,4], must be [2,3,3,3,4]"),
        bad("activation", w, back3({.activation = GLIA_RELU}, 3, 5, 6), {kDy3, kFilter3}, ARGUMENT,
            "conv3d_backward_data: activation is relu, must be linear"),
        bad("groups_of_zero", k, back3({.groups = 0}, 2, 3, 3), {kVolume, kDy3}, ARGUMENT,
            "conv3d_backward_filter: groups is 0, must be positive"),
        bad("dy_shape", k, back3({}, 1, 3, 3), {kVolume, kDy3}, SHAPE,
            "conv3d_backward_filter: dy is [2,3,2,3,4], must be [2,3,3,3,4]"),

        bad("sizes", m, matmul(), {kA, dims({4, 3})}, SHAPE, "a is [2,3], b is [4,3]: 3 and 4 elements to sum over"),
        bad("sizes_transposed", m, matmul({.transpose_a = true}), {kA, kB}, SHAPE,
            "a is [2,3] transposed, b is [3,4]: 2 and 3 elements to sum over"),
        bad("a_of_one", m, matmul(), {dims({3}), kB}, SHAPE, "matmul: a is [3], must have 2 to 8 dimensions"),
        bad("b_of_none", m, matmul(), {kA, dims({})}, SHAPE, "matmul: b is [], must have 2 to 8 dimensions"),
        bad("batch", m, matmul(), {dims({2, 2, 3}), dims({3, 3, 4})}, SHAPE,
            "leading dimensions 2 and 3 do not broadcast"),
        bad("batch_of_none", m, matmul(), {dims({2, 2, 3}), dims({0, 3, 4})}, SHAPE,
            "leading dimensions 2 and 0 do not broadcast"),
        bad("c_shape", m, matmul(), {kA, kB, dims({2, 3})}, SHAPE,
            "c is [2,3], which does not broadcast to y's shape [2,4]"),
        bad("c_larger", m, matmul(), {kA, kB, dims({1, 2, 4})}, SHAPE,
            "c is [1,2,4], which does not broadcast to y's shape [2,4]"),
        bad("c_dtype", m, matmul(), {kA, kB, dims({2, 4}, GLIA_BF16)}, DTYPE, "matmul: a is f32, c is bf16"),
        bad("alpha", m, matmul({.alpha = NAN}), {kA, kB}, ARGUMENT, "alpha is nan, must be finite in f32"),
        bad("beta", m, matmul({.beta = -INFINITY}), {kA, kB}, ARGUMENT, "beta is -inf, must be finite in f32"),
        bad("alpha_beyond_f32", m, matmul({.alpha = 1e300}), {kA, kB}, ARGUMENT,
            "matmul: alpha is 1e+300, must be finite in f32"),
        bad("integers", m, matmul(), {dims({2, 3}, GLIA_I64), kB}, DTYPE, "matmul: a is i64, must be a float"),
        bad("output_too_large", m, matmul(), {dims({1 << 16, 0}), dims({0, 1 << 16})}, LARGE,
            "matmul: y would be [65536,65536], more than 2^31-1 elements"),
        bad("dimension_too_large", m, matmul(), {dims({kHuge, 0}), dims({0, 1})}, LARGE,
            "a [2147483648,0] has more than 2^31-1 elements"),
        bad("batch_too_large", m, matmul(), {dims({kHuge, 1, 0}), dims({0, 1})}, LARGE,
            "a [2147483648,1,0] has more than 2^31-1 elements"),

        bad("sizes", u, dense(), {kA, dims({5, 4})}, SHAPE,
            "dense: x is [2,3], w is [5,4]: 3 and 4 elements to sum over"),
        bad("x_of_one", u, dense(), {dims({3}), kUnits}, SHAPE, "dense: x is [3], must have 2 dimensions or more"),
        bad("w_of_three", u, dense(), {kA, dims({1, 5, 3})}, SHAPE, "dense: w is [1,5,3], must have 2 dimensions"),
        bad("bias", u, dense(), {kA, kUnits, dims({3})}, SHAPE, "dense: bias is [3], must be [5]"),
        bad("activation", u, dense(GLIA_SOFTPLUS), {kA, kUnits}, ARGUMENT, "activation softplus cannot be fused"),
        bad("activation_of_rows", u, dense(GLIA_SOFTMAX), {kA, kUnits}, ARGUMENT, "activation softmax cannot be fused"),
        bad("activation_unknown", u, dense(glia_activation(16)), {kA, kUnits}, ARGUMENT,
            "activation is 16, must be 0 (linear) to 15 (log_softmax)"),
        bad("dtype", u, dense(), {kA, dims({5, 3}, GLIA_U8)}, DTYPE, "dense: w is u8, must be a float"),
        bad("rows_too_many", u, dense(), {dims({1 << 16, 1 << 16, 0}), dims({5, 0})}, LARGE,
            "dense: x [65536,65536,0] has more than 2^31-1 elements"),
        bad("units_too_many", u, dense(), {dims({1, 0}), dims({kHuge, 0})}, LARGE,
            "dense: w [2147483648,0] has more than 2^31-1 elements"),
        bad("rows", b, weights(), {kA, dims({3, 5})}, SHAPE,
            "x is [2,3], dy is [3,5]: they must agree in all but the last"),
        bad("dimensions", b, weights(), {dims({2, 1, 3}), dims({2, 5})}, SHAPE,
            "x is [2,1,3], dy is [2,5]: they must agree in all but the last"),
        bad("dy_of_one", b, weights(), {kA, dims({5})}, SHAPE,
            "dense_backward_weights: dy is [5], must have 2 dimensions or more"),
        bad("dtype", b, weights(), {kA, dims({2, 5}, GLIA_F64)}, DTYPE, "dense_backward_weights: x is f32, dy is f64"),
        bad("sizes", x, data(), {dims({2, 4}), kUnits}, SHAPE,
            "dense_backward_data: dy is [2,4], w is [5,3]: 4 and 5 elements to sum over"),
        bad("dy_of_one", x, data(), {dims({5}), kUnits}, SHAPE,
            "dense_backward_data: dy is [5], must have 2 dimensions or more"),
        bad("w_of_three", x, data(), {dims({2, 5}), dims({1, 5, 3})}, SHAPE,
            "dense_backward_data: w is [1,5,3], must have 2 dimensions"),
        bad("x", x, data(), {dims({2, 5}), kUnits, dims({2, 4})}, SHAPE,
            "dense_backward_data: x is [2,4], must be [2,3]"),
        bad("no_x", x, data(GLIA_RELU), {dims({2, 5}), kUnits}, ARGUMENT,
            "dense_backward_data: the derivative of relu needs x, which is NULL"),
        bad("activation", x, data(GLIA_ELU), {dims({2, 5}), kUnits, dims({2, 3})}, ARGUMENT,
            "activation elu cannot be fused"),
        bad("dtype", x, data(), {dims({2, 5}), dims({5, 3}, GLIA_F64)}, DTYPE,
            "dense_backward_data: dy is f32, w is f64"),
    };
    return all;
}

INSTANTIATE_TEST_SUITE_P(linear, BadCall, testing::ValuesIn(bad_calls()), name_of_bad);

TEST(LinearContract, outputs_must_fit) {
    Session s("");
    const auto t = [&](std::vector<int64_t> d) { return s.tensor(dims(std::move(d))); };
    EXPECT_EQ(glia_matmul(s.ctx(), nullptr, t({2, 3}), t({3, 4}), nullptr, t({2, 3})), GLIA_SHAPE_MISMATCH);
    EXPECT_STREQ(glia_message(s.ctx()), "matmul: y is [2,3], must be [2,4]");
    EXPECT_EQ(glia_dense(s.ctx(), nullptr, t({2, 3}), t({5, 3}), nullptr, nullptr), GLIA_INVALID_ARGUMENT);
    EXPECT_STREQ(glia_message(s.ctx()), "dense: y is NULL");
    EXPECT_EQ(glia_dense_backward_weights(s.ctx(), t({2, 3}), t({2, 5}), t({3, 5}), nullptr), GLIA_SHAPE_MISMATCH);
    EXPECT_STREQ(glia_message(s.ctx()), "dense_backward_weights: dw is [3,5], must be [5,3]");
    EXPECT_EQ(glia_dense_backward_data(s.ctx(), nullptr, t({2, 5}), t({5, 3}), nullptr, t({2, 5})),
              GLIA_SHAPE_MISMATCH);
    EXPECT_STREQ(glia_message(s.ctx()), "dense_backward_data: dx is [2,5], must be [2,3]");
    EXPECT_EQ(glia_conv2d_transpose(s.ctx(), nullptr, t({1, 1, 2, 2}), t({1, 1, 2, 2}), nullptr, t({1, 1, 2, 2})),
              GLIA_SHAPE_MISMATCH);
    EXPECT_STREQ(glia_message(s.ctx()), "conv2d_transpose: y is [1,1,2,2], must be [1,1,3,3]");
}

TEST(LinearContract, an_output_may_not_be_an_input) {
    Session s("");
    glia_tensor *a = s.tensor(dims({3, 3})), *b = s.tensor(dims({3, 3}));
    EXPECT_EQ(glia_matmul(s.ctx(), nullptr, a, b, nullptr, b), GLIA_INVALID_ARGUMENT);
    EXPECT_STREQ(glia_message(s.ctx()), "matmul: y overlaps b in memory");
    EXPECT_EQ(glia_matmul(s.ctx(), nullptr, a, b, a, a), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_dense(s.ctx(), nullptr, a, b, nullptr, a), GLIA_INVALID_ARGUMENT);
    EXPECT_STREQ(glia_message(s.ctx()), "dense: y overlaps x in memory");
}

TEST(LinearContract, no_context_is_an_error) {
    EXPECT_EQ(glia_matmul(nullptr, nullptr, nullptr, nullptr, nullptr, nullptr), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_conv1d(nullptr, nullptr, nullptr, nullptr, nullptr, nullptr), GLIA_INVALID_ARGUMENT);
}

TEST(LinearContract, conv1d_takes_three_dimensions) {
    Session s("");
    const auto t   = [&](std::vector<int64_t> d) { return s.tensor(dims(std::move(d))); };
    glia_tensor *x = t({1, 2, 5}), *w = t({3, 2, 2}), *y = t({1, 3, 4});
    EXPECT_EQ(glia_conv1d(s.ctx(), nullptr, t({1, 2, 1, 5}), w, nullptr, y), GLIA_SHAPE_MISMATCH);
    EXPECT_STREQ(glia_message(s.ctx()), "conv1d: x is [1,2,1,5], must have 3 dimensions");
    EXPECT_EQ(glia_conv1d(s.ctx(), nullptr, x, t({3, 2}), nullptr, y), GLIA_SHAPE_MISMATCH);
    EXPECT_EQ(glia_conv1d(s.ctx(), nullptr, x, w, nullptr, t({3, 4})), GLIA_SHAPE_MISMATCH);
    EXPECT_EQ(glia_conv1d(s.ctx(), nullptr, nullptr, w, nullptr, y), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_conv1d(s.ctx(), nullptr, x, w, nullptr, nullptr), GLIA_INVALID_ARGUMENT);
    const auto refuses = [&](const char *message, auto change) {
        glia_conv1d_params p = glia_conv1d_defaults();
        change(p);
        EXPECT_EQ(glia_conv1d(s.ctx(), &p, x, w, nullptr, y), GLIA_INVALID_ARGUMENT);
        EXPECT_STREQ(glia_message(s.ctx()), message);
    };
    refuses("conv2d: pad over columns is -1 and 0, must not be negative", [](auto &p) { p.pad = -1; });
    refuses("conv2d: stride over columns is 0, must be positive", [](auto &p) { p.stride = 0; });
    refuses("conv2d: dilation over columns is 0, must be positive", [](auto &p) { p.dilation = 0; });
    refuses("conv2d: groups is 0, must be positive", [](auto &p) { p.groups = 0; });
    refuses("conv2d: activation is -1, must be 0 (linear) to 15 (log_softmax)",
            [](auto &p) { p.activation = glia_activation(-1); });
    EXPECT_EQ(glia_conv1d(s.ctx(), nullptr, x, w, nullptr, y), GLIA_OK) << glia_message(s.ctx());
}

// ---- the window, of convolutions and pooling

int places(int64_t size, int64_t window, int stride, int pad, int pad_end, bool ceil_mode, int dilation = 1) {
    Session s;
    gli_resolution r{};
    gli_window_axis axis{"rows", stride, pad, pad_end, dilation};
    int out = -1;
    r.ctx = s.ctx(), r.op = &gli_op_conv2d;
    return gli_window_output_size(&r, &axis, size, window, ceil_mode, &out) == GLIA_OK ? out : -1;
}

TEST(Window, places_round_down) {
    EXPECT_EQ(places(32, 3, 2, 0, 0, false), 15);
    EXPECT_EQ(places(32, 3, 2, 1, 0, false), 16);
    EXPECT_EQ(places(7, 7, 5, 0, 0, false), 1);
    EXPECT_EQ(places(7, 3, 1, 0, 0, false, 3), 1);
    EXPECT_EQ(places(6, 3, 1, 0, 0, false, 3), -1);
    EXPECT_EQ(places(0, 2, 1, 1, 1, false), 1);
}

// PyTorch's pooling_output_shape: rounded up, less a last window that would start past the input and the left padding.
TEST(Window, ceil_mode_rounds_up_but_starts_inside) {
    EXPECT_EQ(places(32, 3, 2, 0, 0, true), 16);
    EXPECT_EQ(places(33, 3, 2, 0, 0, true), 16);
    EXPECT_EQ(places(4, 2, 3, 0, 0, true), 2);
    EXPECT_EQ(places(2, 1, 2, 0, 0, true), 1);  // a second window would start at 2, behind the input
    EXPECT_EQ(places(1, 2, 2, 1, 1, true), 1);  // and here in the padding behind it
    EXPECT_EQ(places(3, 2, 2, 1, 1, true), 2);
    EXPECT_EQ(places(2, 3, 2, 0, 0, true), 1);  // wider than the input, yet it has a place
    EXPECT_EQ(places(2, 5, 2, 0, 0, true), -1);
    EXPECT_EQ(places(0, 1, 2, 0, 0, true), -1);
}

}  // namespace
