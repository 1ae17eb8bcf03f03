// What the elementwise family refuses, with which status, and whether the message names the offending values.
#include <gtest/gtest.h>

#include <cmath>

#include "support/bad_calls.h"
#include "support/case.h"
#include "support/params.h"

namespace {

using namespace glia;

constexpr int64_t kHuge = int64_t(1) << 31;

std::vector<char> unary(glia_unary_kind kind, double alpha = 0, double beta = 0) {
    return bytes_of(params::unary{kind, alpha, beta});
}
std::vector<char> binary(int kind) { return bytes_of(params::binary{glia_binary_kind(kind)}); }
std::vector<char> reduce(int kind, unsigned axes = GLIA_ALL_AXES, bool keep = false) {
    return bytes_of(params::reduce{glia_reduce_kind(kind), axes, keep});
}
std::vector<char> back(int kind, unsigned axes, glia_shape shape) {
    return bytes_of(params::reduce_backward{{glia_reduce_kind(kind), axes, false}, shape});
}
std::vector<char> softmax(int axis = -1) { return bytes_of(params::softmax{.axis = axis}); }
std::vector<char> argmax(int axis = -1) { return bytes_of(params::argmax{.axis = axis}); }
std::vector<char> dropout(double p) { return bytes_of(params::dropout{.p = p}); }
std::vector<char> fill(const params::random_fill &p) { return bytes_of(p); }
std::vector<char> prelu() { return bytes_of(params::prelu{}); }

const Array kX = dims({2, 3}), kInts = dims({2, 3}, GLIA_I32), kHalf = dims({2, 3}, GLIA_F16),
            kStep = dims({}, GLIA_I64);

std::vector<Bad> bad_calls() {
    const gli_op *u = &gli_op_unary, *ub = &gli_op_unary_backward, *b = &gli_op_binary, *bb = &gli_op_binary_backward;
    const gli_op *r = &gli_op_reduce, *rb = &gli_op_reduce_backward, *p = &gli_op_prelu, *pb = &gli_op_prelu_backward;
    const gli_op *s = &gli_op_softmax, *sb = &gli_op_softmax_backward, *a = &gli_op_argmax, *d = &gli_op_dropout,
                 *f  = &gli_op_random_fill;
    const auto SHAPE = GLIA_SHAPE_MISMATCH, ARGUMENT = GLIA_INVALID_ARGUMENT, DTYPE = GLIA_DTYPE_MISMATCH,
               LARGE = GLIA_UNSUPPORTED;
    return {
        bad("no_x", u, unary(GLIA_UNARY_RELU), {ABSENT}, ARGUMENT, "x is NULL"),
        bad("integers", u, unary(GLIA_UNARY_RELU), {kInts}, DTYPE, "x is i32, must be a float"),
        bad("no_kind", u, unary(glia_unary_kind(99)), {kX}, ARGUMENT,
            "kind is 99, must be 0 (linear) to 24 (stop_gradient)"),
        bad("negative_kind", u, unary(glia_unary_kind(-1)), {kX}, ARGUMENT, "kind is -1"),
        bad("clip_upside_down", u, unary(GLIA_UNARY_CLIP, 2, 1), {kX}, ARGUMENT, "clip from alpha 2 to beta 1"),
        bad("clip_nan", u, unary(GLIA_UNARY_CLIP, NAN, 1), {kX}, ARGUMENT, "clip from alpha nan"),
        bad("alpha_infinite", u, unary(GLIA_UNARY_LEAKY_RELU, INFINITY), {kX}, ARGUMENT,
            "unary: alpha is inf, must be finite in f32"),
        bad("alpha_nan", u, unary(GLIA_UNARY_ELU, NAN), {kX}, ARGUMENT, "alpha is nan, must be finite in f32"),
        // In f32, where kernels compute for halves too, it would be infinite, and NaN times 0.
        bad("alpha_beyond_f32", u, unary(GLIA_UNARY_ELU, 1e308), {kHalf}, ARGUMENT,
            "alpha is 1e+308, must be finite in f32"),
        bad("alpha_beyond_f32", ub, unary(GLIA_UNARY_ELU, -1e39), {kX, kX, kX}, ARGUMENT,
            "alpha is -1e+39, must be finite in f32"),
        bad("softplus_of_zero", u, unary(GLIA_UNARY_SOFTPLUS, 0), {kX}, ARGUMENT,
            "softplus with alpha 0, which it divides by"),
        bad("softplus_of_zero", ub, unary(GLIA_UNARY_SOFTPLUS, 0), {kX, kX, kX}, ARGUMENT,
            "softplus with alpha 0, which it divides by"),
        bad("no_kind", ub, unary(glia_unary_kind(25)), {kX, kX, kX}, ARGUMENT,
            "kind is 25, must be 0 (linear) to 24 (stop_gradient)"),
        bad("elu_of_zero_from_y", ub, unary(GLIA_UNARY_ELU, 0), {ABSENT, kX, kX}, ARGUMENT, "needs x"),
        bad("leaky_relu_of_zero_from_y", ub, unary(GLIA_UNARY_LEAKY_RELU, 0), {ABSENT, kX, kX}, ARGUMENT, "needs x"),
        bad("beta_nan", u, unary(GLIA_UNARY_HARD_SIGMOID, 1, NAN), {kX}, ARGUMENT,
            "beta is nan, must be finite in f32"),
        bad("no_dy", ub, unary(GLIA_UNARY_RELU), {kX, kX, ABSENT}, ARGUMENT, "dy is NULL"),
        bad("relu_from_nothing", ub, unary(GLIA_UNARY_RELU), {ABSENT, ABSENT, kX}, ARGUMENT,
            "the derivative of relu needs y or x, which is NULL"),
        bad("gelu_from_y", ub, unary(GLIA_UNARY_GELU), {ABSENT, kX, kX}, ARGUMENT,
            "the derivative of gelu needs x, which is NULL"),
        bad("negative_elu_from_y", ub, unary(GLIA_UNARY_ELU, -1), {ABSENT, kX, kX}, ARGUMENT, "needs x"),
        bad("shapes", ub, unary(GLIA_UNARY_RELU), {ABSENT, dims({3, 2}), kX}, SHAPE, "y is [3,2], must be [2,3]"),
        bad("shape_of_what_is_not_needed", ub, unary(GLIA_UNARY_RELU), {dims({6}), kX, kX}, SHAPE,
            "x is [6], must be [2,3]"),
        bad("dtypes", ub, unary(GLIA_UNARY_RELU), {ABSENT, kHalf, kX}, DTYPE, "y is f16, dy is f32"),

        bad("slope_of_two", p, prelu(), {kX, dims({3, 1})}, SHAPE, "slope is [3,1], must have 1 dimensions"),
        bad("slope_size", p, prelu(), {kX, dims({2})}, SHAPE, "slope is [2], x [2,3] has 3 channels"),
        bad("slope_of_a_vector", p, prelu(), {dims({3}), dims({3})}, SHAPE, "x [3] has 1 channels"),
        bad("dtypes", p, prelu(), {kX, dims({3}, GLIA_F64)}, DTYPE, "x is f32, slope is f64"),
        bad("condition_dtype", &gli_op_where, {}, {dims({}, GLIA_F64), kX, kX}, DTYPE,
            "condition is f64, must be i64 or f32 as a"),
        bad("condition_of_several", &gli_op_where, {}, {dims({2}, GLIA_I64), kX, kX}, SHAPE, "condition is [2]"),
        bad("shapes", &gli_op_where, {}, {dims({2, 1}), dims({3}), dims({4})}, SHAPE,
            "a is [3], b is [4]: the sizes 3 and 4 of an axis do not fit"),
        bad("b_dtype", &gli_op_where, {}, {dims({}, GLIA_I64), kX, dims({2, 3}, GLIA_F64)}, DTYPE,
            "a is f32 and b f64, must be one float dtype"),
        bad("b_shape", &gli_op_where, {}, {dims({}, GLIA_I64), kX, dims({3})}, SHAPE, "b is [3], must be [2,3]"),
        bad("dy_shape", pb, prelu(), {kX, dims({3}), dims({2, 4})}, SHAPE, "dy is [2,4], must be [2,3]"),

        bad("no_kind", b, binary(13), {kX, kX}, ARGUMENT, "kind is 13, must be 0 (add) to 12 (greater_equal)"),
        bad("negative_kind", b, binary(-1), {kX, kX}, ARGUMENT, "kind is -1, must be 0 (add) to 12 (greater_equal)"),
        bad("no_kind", bb, binary(13), {kX, kX, kX}, ARGUMENT, "kind is 13, must be 0 (add) to 12 (greater_equal)"),
        bad("one_input", b, binary(GLIA_BINARY_ADD), {kX}, ARGUMENT, "1 inputs, takes 2 to 2"),
        bad("shapes", b, binary(GLIA_BINARY_ADD), {kX, dims({4})}, SHAPE,
            "a is [2,3], b is [4]: the sizes 3 and 4 of an axis do not fit"),
        bad("shapes_of_the_front", b, binary(GLIA_BINARY_ADD), {dims({2, 3}), dims({3, 3})}, SHAPE,
            "the sizes 2 and 3"),
        bad("zero_and_two", b, binary(GLIA_BINARY_ADD), {dims({0}), dims({2})}, SHAPE, "the sizes 0 and 2"),
        bad("dtypes", b, binary(GLIA_BINARY_ADD), {kX, kHalf}, DTYPE, "a is f32, b is f16"),
        bad("integers", b, binary(GLIA_BINARY_ADD), {kInts, kInts}, DTYPE, "a is i32"),
        bad("too_large_together", b, binary(GLIA_BINARY_ADD), {dims({1 << 16, 1}), dims({1 << 16})}, LARGE,
            "y would be [65536,65536], more than 2^31-1"),
        bad("dy_shape", bb, binary(GLIA_BINARY_ADD), {kX, dims({3}), dims({3})}, SHAPE, "dy is [3], must be [2,3]"),

        bad("no_kind", r, reduce(6), {kX}, ARGUMENT, "kind is 6, must be 0 (sum) to 5 (l2)"),
        bad("integers", r, reduce(GLIA_REDUCE_SUM), {kInts}, DTYPE, "x is i32"),
        bad("axis_behind", r, reduce(GLIA_REDUCE_SUM, GLIA_AXIS(2)), {kX}, ARGUMENT,
            "axis 2 of a tensor with 2 dimensions"),
        bad("axis_before", r, reduce(GLIA_REDUCE_SUM, GLIA_AXIS(-3)), {kX}, ARGUMENT,
            "axis -3 of a tensor with 2 dimensions"),
        bad("axis_of_a_scalar", r, reduce(GLIA_REDUCE_SUM, GLIA_AXIS(-1)), {dims({})}, ARGUMENT,
            "axis -1 of a tensor with 0 dimensions"),
        bad("max_of_nothing", r, reduce(GLIA_REDUCE_MAX, GLIA_AXIS(1)), {dims({2, 0})}, SHAPE,
            "the max over no elements of x [2,0] has no value"),
        bad("min_of_nothing", r, reduce(GLIA_REDUCE_MIN), {dims({0})}, SHAPE, "the min over no elements of x [0]"),
        bad("dy_shape", rb, back(GLIA_REDUCE_SUM, GLIA_AXIS(1), GLIA_SHAPE(2, 3)), {ABSENT, ABSENT, dims({3})}, SHAPE,
            "dy is [3], must be [2]"),
        bad("no_x", rb, back(GLIA_REDUCE_L1, GLIA_ALL_AXES, GLIA_SHAPE(2, 3)), {ABSENT, ABSENT, dims({})}, ARGUMENT,
            "the derivative of l1 needs x"),
        bad("no_y", rb, back(GLIA_REDUCE_MAX, GLIA_ALL_AXES, GLIA_SHAPE(2, 3)), {kX, ABSENT, dims({})}, ARGUMENT,
            "the derivative of max needs y"),
        bad("other_shape", rb, back(GLIA_REDUCE_L1, GLIA_ALL_AXES, GLIA_SHAPE(3, 2)), {kX, ABSENT, dims({})}, SHAPE,
            "x is [2,3], must be [3,2]"),
        bad("negative_shape", rb, back(GLIA_REDUCE_SUM, GLIA_ALL_AXES, GLIA_SHAPE(3, -2)), {ABSENT, ABSENT, dims({})},
            ARGUMENT, "dimension 1 is -2"),
        bad("too_many_dimensions", rb, back(GLIA_REDUCE_SUM, GLIA_ALL_AXES, glia_shape{9, {}}),
            {ABSENT, ABSENT, dims({})}, ARGUMENT, "9 dimensions"),
        bad("too_large", rb, back(GLIA_REDUCE_SUM, GLIA_ALL_AXES, GLIA_SHAPE(1 << 16, 1 << 16)),
            {ABSENT, ABSENT, dims({})}, LARGE, "[65536,65536], more than 2^31-1"),
        bad("kind_before_axes", rb, back(-1, GLIA_ALL_AXES, GLIA_SHAPE(2)), {ABSENT, ABSENT, dims({})}, ARGUMENT,
            "kind is -1"),

        bad("scalar", s, softmax(), {dims({})}, ARGUMENT, ""),
        bad("axis_behind", s, softmax(2), {kX}, ARGUMENT, "axis 2 of a tensor with 2 dimensions"),
        bad("axis_before", s, softmax(-3), {kX}, ARGUMENT, "axis -3 of a tensor with 2 dimensions"),
        bad("integers", s, softmax(), {kInts}, DTYPE, "x is i32"),
        bad("dy_shape", sb, softmax(), {kX, dims({3, 2})}, SHAPE, "dy is [3,2], must be [2,3]"),
        bad("axis_behind", a, argmax(5), {kX}, ARGUMENT, "axis 5 of a tensor with 2 dimensions"),
        bad("of_nothing", a, argmax(), {dims({2, 0})}, SHAPE, "x is [2,0], and axis 1 is empty"),
        bad("integers", a, argmax(), {kInts}, DTYPE, "x is i32"),

        bad("axis_behind", &gli_op_cumsum, bytes_of(params::cumsum{.axis = 2}), {kX}, ARGUMENT,
            "axis 2 of a tensor with 2 dimensions"),
        bad("integers", &gli_op_cumsum, {}, {kInts}, DTYPE, "x is i32"),
        bad("too_many", &gli_op_topk, bytes_of(params::topk{.k = 4}), {kX}, ARGUMENT,
            "k is 4, must be 1 to 3, the size of axis 1 of x [2,3]"),
        bad("none", &gli_op_topk, bytes_of(params::topk{.k = 0}), {kX}, ARGUMENT, "k is 0, must be 1 to 3"),
        bad("of_nothing", &gli_op_topk, {}, {dims({2, 0})}, ARGUMENT, "k is 1, must be 1 to 0"),

        bad("p_negative", d, dropout(-0.5f), {kX}, ARGUMENT, "p is -0.5, must be from 0 to 1"),
        bad("p_above_one", d, dropout(1.5f), {kX}, ARGUMENT, "p is 1.5"),
        bad("p_nan", d, dropout(NAN), {kX}, ARGUMENT, "p is nan"),
        bad("integers", d, dropout(0.5f), {kInts}, DTYPE, "x is i32, must be a float"),
        bad("step_of_floats", d, dropout(0.5f), {kX, dims({})}, DTYPE, "step is f32, must be i64"),
        bad("step_of_one_dimension", d, dropout(0.5f), {kX, dims({1}, GLIA_I64)}, SHAPE,
            "step is [1], must have 0 dimensions"),
        bad("three_inputs", d, dropout(0.5f), {kX, kStep, kStep}, ARGUMENT, "3 inputs, takes 1 to 2"),

        bad("no_kind", f, fill({.kind = glia_random_kind(3)}), {}, ARGUMENT,
            "kind is 3, must be 0 (uniform) to 2 (truncated_normal)"),
        bad("upside_down", f, fill({.low = 1, .high = 0.5f}), {}, ARGUMENT, "low is 1, high is 0.5"),
        bad("infinite", f, fill({.low = 0, .high = INFINITY}), {}, ARGUMENT, "high is inf"),
        bad("std_negative", f, fill({.kind = GLIA_RANDOM_NORMAL, .std = -1}), {}, ARGUMENT, "std is -1"),
        bad("std_nan", f, fill({.kind = GLIA_RANDOM_NORMAL, .std = NAN}), {}, ARGUMENT, "std is nan"),
        bad("low_nan", f, fill({.low = NAN}), {}, ARGUMENT, "low is nan"),
        bad("mean_nan", f, fill({.kind = GLIA_RANDOM_NORMAL, .mean = NAN}), {}, ARGUMENT, "mean is nan"),
        bad("integers", f, fill({.dtype = GLIA_I32}), {}, DTYPE, "dtype is i32, must be a float"),
        bad("no_dtype", f, fill({.dtype = glia_dtype(55)}), {}, ARGUMENT, "dtype is 55, must be 0 (f32) to 6 (i64)"),
        bad("negative_shape", f, fill({.shape = GLIA_SHAPE(-1)}), {}, ARGUMENT, "dimension 0 is -1"),
        bad("too_large", f, fill({.shape = GLIA_SHAPE(kHuge)}), {}, LARGE, "[2147483648], more than 2^31-1"),
        bad("an_input", f, fill({}), {kX}, ARGUMENT, "1 inputs, takes 0 to 0"),
    };
}

INSTANTIATE_TEST_SUITE_P(elementwise, BadCall, testing::ValuesIn(bad_calls()), name_of_bad);

// The other sizes of a shape with a 0 count, too: geometries multiply them into ints.
TEST(ElementwiseContract, empty_tensors_of_huge_sizes) {
    Session s("");
    const Array huge = dims({0, 1 << 20, 1 << 20, 1 << 20});
    for (const Result &result :
         {s.call(gli_op_unary, params::unary{.kind = GLIA_UNARY_RELU}, {huge}),
          s.call(gli_op_softmax, params::softmax{}, {huge}), s.call(gli_op_argmax, params::argmax{}, {huge}),
          s.call(gli_op_prelu, params::prelu{}, {huge, dims({1})}),
          s.call(gli_op_binary, params::binary{GLIA_BINARY_ADD}, {huge, dims({1})}),
          s.call(gli_op_reduce, params::reduce{.axes = GLIA_AXIS(0)}, {huge})}) {
        EXPECT_EQ(result.status, GLIA_UNSUPPORTED);
        EXPECT_NE(result.message.find("[0,1048576,1048576,1048576] has more than 2^31-1 elements"), std::string::npos)
            << result.message;
    }
    EXPECT_EQ(s.call(gli_op_unary, params::unary{.kind = GLIA_UNARY_RELU}, {dims({0, 1 << 20, 1 << 10})}).status,
              GLIA_OK);
}

TEST(ElementwiseContract, in_place_only_where_the_header_says) {
    Session s("");
    glia_tensor *x = s.tensor(kX), *other = s.tensor(kX), *row = s.tensor(dims({3}));
    const glia_unary_params relu{.kind = GLIA_UNARY_RELU};
    EXPECT_EQ(glia_unary(s.ctx(), &relu, x, x), GLIA_OK);
    EXPECT_EQ(glia_unary_backward(s.ctx(), &relu, nullptr, other, x, x), GLIA_OK);
    EXPECT_EQ(glia_unary_backward(s.ctx(), &relu, nullptr, x, other, x), GLIA_INVALID_ARGUMENT);
    EXPECT_STREQ(glia_message(s.ctx()), "unary_backward: dx overlaps y in memory");
    EXPECT_EQ(glia_binary(s.ctx(), nullptr, x, row, x), GLIA_OK);
    EXPECT_EQ(glia_binary(s.ctx(), nullptr, other, x, x), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_softmax(s.ctx(), nullptr, x, x), GLIA_OK);
    EXPECT_EQ(glia_softmax_backward(s.ctx(), nullptr, other, x, x), GLIA_OK);
    EXPECT_EQ(glia_softmax_backward(s.ctx(), nullptr, x, other, x), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_dropout(s.ctx(), nullptr, x, nullptr, x), GLIA_OK);
    EXPECT_EQ(glia_prelu(s.ctx(), x, row, x), GLIA_OK);
    EXPECT_EQ(glia_prelu_backward(s.ctx(), other, row, x, x, nullptr), GLIA_OK);
}

TEST(ElementwiseContract, outputs_must_fit) {
    Session s("");
    const auto t = [&](std::vector<int64_t> d, glia_dtype dtype = GLIA_F32) {
        return s.tensor(dims(std::move(d), dtype));
    };
    EXPECT_EQ(glia_unary(s.ctx(), nullptr, t({2, 3}), t({3, 2})), GLIA_SHAPE_MISMATCH);
    EXPECT_STREQ(glia_message(s.ctx()), "unary: y is [3,2], must be [2,3]");
    EXPECT_EQ(glia_reduce(s.ctx(), nullptr, t({2, 3}), t({1})), GLIA_SHAPE_MISMATCH);
    EXPECT_STREQ(glia_message(s.ctx()), "reduce: y is [1], must be []");
    EXPECT_EQ(glia_argmax(s.ctx(), nullptr, t({2, 3}), t({2})), GLIA_DTYPE_MISMATCH);
    EXPECT_STREQ(glia_message(s.ctx()), "argmax: y is f32, must be i64");
    EXPECT_EQ(glia_argmax(s.ctx(), nullptr, t({2, 3}), t({2}, GLIA_I64)), GLIA_OK);
    EXPECT_EQ(glia_unary(s.ctx(), nullptr, t({2, 3}), nullptr), GLIA_INVALID_ARGUMENT);
    const auto p = params::as<glia_random_fill_params>(params::random_fill{.shape = GLIA_SHAPE(3), .dtype = GLIA_BF16});
    EXPECT_EQ(glia_random_fill(s.ctx(), &p, t({3})), GLIA_DTYPE_MISMATCH);
    EXPECT_EQ(glia_random_fill(s.ctx(), &p, t({3}, GLIA_BF16)), GLIA_OK);
}

TEST(ElementwiseContract, random_ranges_are_finite_in_the_dtype) {
    Session s("");
    glia_tensor *narrow = s.tensor(dims({3})), *wide = s.tensor(dims({3}, GLIA_F64));
    const auto fill = [&](params::random_fill p, glia_tensor *y) {
        p.shape        = GLIA_SHAPE(3);
        p.dtype        = glia_tensor_dtype(y);
        const auto all = params::as<glia_random_fill_params>(p);
        return glia_random_fill(s.ctx(), &all, y) == GLIA_OK ? "" : glia_message(s.ctx());
    };
    const params::random_fill uniform{.low = -1e300, .high = 1e300}, normal{.kind = GLIA_RANDOM_NORMAL, .std = 1e300};
    EXPECT_STREQ(fill(uniform, wide), "");
    EXPECT_STREQ(fill(uniform, narrow), "random_fill: low is -1e+300, must be finite in f32");
    EXPECT_STREQ(fill({.low = -3e38, .high = 3e38}, narrow), "random_fill: high - low is 6e+38, must be finite in f32");
    EXPECT_STREQ(fill({.low = 2, .high = 1}, wide), "random_fill: low is 2, high is 1: must be in order");
    EXPECT_STREQ(fill(normal, wide), "");
    EXPECT_STREQ(fill(normal, narrow), "random_fill: std is 1e+300, must be finite in f32");
    EXPECT_STREQ(fill({.kind = GLIA_RANDOM_NORMAL, .std = -1}, wide), "random_fill: std is -1, must not be negative");
    EXPECT_STREQ(fill({.kind = GLIA_RANDOM_NORMAL, .mean = NAN}, wide),
                 "random_fill: mean is nan, must be finite in f64");
}

TEST(ElementwiseContract, either_gradient_may_be_left_out) {
    Session s("");
    glia_tensor *x = s.tensor({{2}, {-1, 2}, GLIA_F32}), *slope = s.tensor({{1}, {3}, GLIA_F32}),
                *dy = s.tensor({{2}, {10, 20}, GLIA_F32});
    glia_tensor *dx = s.tensor(dims({2})), *dslope = s.tensor(dims({1}));
    EXPECT_EQ(glia_prelu_backward(s.ctx(), x, slope, dy, dx, nullptr), GLIA_OK);
    EXPECT_EQ(s.values(dx), (std::vector<double>{30, 20}));
    EXPECT_EQ(glia_prelu_backward(s.ctx(), x, slope, dy, nullptr, dslope), GLIA_OK);
    EXPECT_EQ(s.values(dslope), (std::vector<double>{-10}));
    const glia_binary_params mul{GLIA_BINARY_MUL};
    EXPECT_EQ(glia_binary_backward(s.ctx(), &mul, x, slope, dy, nullptr, dslope), GLIA_OK);
    EXPECT_EQ(s.values(dslope), (std::vector<double>{30}));
    EXPECT_EQ(glia_binary_backward(s.ctx(), &mul, x, slope, dy, dx, nullptr), GLIA_OK);
    EXPECT_EQ(s.values(dx), (std::vector<double>{30, 60}));
    EXPECT_EQ(glia_binary_backward(s.ctx(), &mul, x, slope, dy, nullptr, nullptr), GLIA_OK);
}

}  // namespace
