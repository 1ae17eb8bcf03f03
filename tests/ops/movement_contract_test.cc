// What the movement family refuses, with which status, and whether the message names the offending values.
#include <gtest/gtest.h>

#include "support/bad_calls.h"
#include "support/case.h"
#include "support/params.h"

namespace {

using namespace glia;

Array indices(std::vector<double> values) { return {{int64_t(values.size())}, values, GLIA_I64}; }

std::vector<char> reshape(glia_shape shape) { return bytes_of(params::reshape{shape}); }
std::vector<char> transpose(const params::transpose &p = {}) { return bytes_of(p); }
std::vector<char> concat(int axis = 0) { return bytes_of(params::concat{axis}); }
std::vector<char> slice(const params::slice &p) { return bytes_of(p); }
std::vector<char> back(const params::slice &p, glia_shape shape) { return bytes_of(params::slice_backward{p, shape}); }
std::vector<char> pad(const params::pad &p) { return bytes_of(p); }
std::vector<char> expand(glia_shape shape) { return bytes_of(params::expand{shape}); }
std::vector<char> gather(const params::gather &p = {}) { return bytes_of(p); }
std::vector<char> scatter(const params::gather &p, int size) { return bytes_of(params::gather_backward{p, size}); }
std::vector<char> one_hot(int classes, glia_dtype dtype = GLIA_F32) {
    return bytes_of(params::one_hot{classes, dtype});
}
std::vector<char> cast(int dtype) { return bytes_of(params::cast{glia_dtype(dtype)}); }

const std::vector<Bad> &bad_calls() {
    const auto SHAPE = GLIA_SHAPE_MISMATCH, ARGUMENT = GLIA_INVALID_ARGUMENT, DTYPE = GLIA_DTYPE_MISMATCH,
               LARGE = GLIA_UNSUPPORTED;
    const Array x = dims({2, 3}), i = dims({4}, GLIA_I64), eight = dims({1, 1, 1, 1, 1, 1, 1, 1});
    glia_shape nine                   = GLIA_SCALAR;
    nine.ndim                         = 9;
    static const std::vector<Bad> all = {
        bad("count", &gli_op_reshape, reshape(GLIA_SHAPE(2, 2)), {x}, SHAPE,
            "x is [2,3], with 6 elements; shape is [2,2]"),
        bad("two_open", &gli_op_reshape, reshape(GLIA_SHAPE(-1, -1)), {x}, ARGUMENT,
            "dimensions 0 and 1 of shape are both -1"),
        bad("negative", &gli_op_reshape, reshape(GLIA_SHAPE(-2, 3)), {x}, ARGUMENT, "dimension 0 of shape is -2"),
        bad("does_not_divide", &gli_op_reshape, reshape(GLIA_SHAPE(4, -1)), {x}, SHAPE,
            "its 6 elements do not divide into [4,-1]"),
        bad("open_beside_zero", &gli_op_reshape, reshape(GLIA_SHAPE(0, -1)), {dims({0, 3})}, SHAPE,
            "do not divide into [0,-1]"),
        bad("overflow", &gli_op_reshape, reshape(GLIA_SHAPE(1ll << 40, 1ll << 40)), {x}, SHAPE,
            "shape is [1099511627776,"),
        bad("nine_dimensions", &gli_op_reshape, reshape(nine), {x}, ARGUMENT, "shape has 9 dimensions"),
        bad("no_x", &gli_op_reshape, reshape(GLIA_SHAPE(6)), {ABSENT}, ARGUMENT, "x is NULL"),
        bad("twice", &gli_op_transpose, transpose({{1, 1}}), {x}, ARGUMENT, "permutation names dimension 1 twice"),
        bad("outside", &gli_op_transpose, transpose({{2, 0}}), {x}, ARGUMENT, "permutation[0] is 2, x is [2,3]"),
        bad("negative", &gli_op_transpose, transpose({{-3, 0}}), {x}, ARGUMENT, "permutation[0] is -3, x is [2,3]"),
        bad("twice_from_the_end", &gli_op_transpose, transpose({{1, -1}}), {x}, ARGUMENT,
            "permutation names dimension 1 twice"),
        bad("all_zeros", &gli_op_transpose, bytes_of(glia_transpose_params{}), {x}, ARGUMENT,
            "permutation names dimension 0 twice"),
        bad("too_long", &gli_op_transpose, transpose({{1, 0, 2}}), {x}, ARGUMENT,
            "permutation[2] is 2, x has only 2 dimensions"),
        bad("axis_outside", &gli_op_concat, concat(2), {x, x}, ARGUMENT, "axis 2 of a tensor with 2 dimensions"),
        bad("axis_before", &gli_op_concat, concat(-3), {x, x}, ARGUMENT, "axis -3 of a tensor with 2 dimensions"),
        bad("other_sizes", &gli_op_concat, concat(0), {x, dims({2, 4})}, SHAPE, "x0 is [2,3], x1 is [2,4]"),
        bad("other_ndim", &gli_op_concat, concat(0), {x, dims({3})}, SHAPE, "x1 is [3]"),
        bad("other_dtype", &gli_op_concat, concat(0), {x, dims({2, 3}, GLIA_I32)}, DTYPE, "x0 is f32, x1 is i32"),
        bad("a_hole", &gli_op_concat, concat(0), {x, ABSENT, x}, ARGUMENT, "x1 of 3 inputs is NULL"),
        bad("nothing", &gli_op_concat, concat(0), {}, ARGUMENT, "0 inputs, takes 1 to 32"),
        bad("of_scalars", &gli_op_concat, concat(0), {dims({}), dims({})}, ARGUMENT,
            "axis 0 of a tensor with 0 dimensions"),
        bad("step_negative", &gli_op_slice, slice({{}, {}, {1, -1}}), {x}, ARGUMENT, "step[1] is -1, must be positive"),
        bad("step_of_zero", &gli_op_slice, slice({{}, {}, {1, 0}}), {x}, ARGUMENT, "step[1] is 0, must be positive"),
        bad("step_of_zero", &gli_op_slice_backward, back({{}, {}, {0}}, GLIA_SHAPE(2, 3)), {x}, ARGUMENT,
            "step[0] is 0, must be positive"),
        bad("third_dimension", &gli_op_slice, slice({{0, 0, 1}}), {x}, ARGUMENT,
            "dimension 2 is given, there are only 2"),
        bad("shape_of_dy", &gli_op_slice_backward, back({{0, 1}}, GLIA_SHAPE(2, 3)), {x}, SHAPE,
            "dy is [2,3], must be [2,2]"),
        bad("shape_negative", &gli_op_slice_backward, back({}, GLIA_SHAPE(2, -3)), {x}, ARGUMENT, "dimension 1 is -3"),
        bad("negative", &gli_op_pad, pad({{-1}}), {x}, ARGUMENT, "before[0] is -1"),
        bad("third_dimension", &gli_op_pad, pad({{}, {0, 0, 2}}), {x}, ARGUMENT, "dimension 2 is given, x is [2,3]"),
        bad("overflow", &gli_op_pad, pad({{2000000000}, {2000000000}}), {x}, LARGE,
            "dimension 0 of y would be 4000000002"),
        bad("too_many", &gli_op_pad, pad({{60000, 60000}}), {x}, LARGE, "2^31-1"),
        bad("not_one", &gli_op_expand, expand(GLIA_SHAPE(4, 3)), {x}, SHAPE, "x is [2,3], dimension 0 of shape is 4"),
        bad("fewer_dimensions", &gli_op_expand, expand(GLIA_SHAPE(3)), {x}, SHAPE,
            "shape has 1 dimensions, x is [2,3]"),
        bad("open_in_front", &gli_op_expand, expand(GLIA_SHAPE(-1, 2, 3)), {x}, ARGUMENT, "dimension 0 of shape is -1"),
        bad("too_many", &gli_op_expand, expand(GLIA_SHAPE(1ll << 30, 2, 3)), {x}, LARGE, "2^31-1"),
        bad("float_indices", &gli_op_gather, gather(), {x, x}, DTYPE, "indices is f32, must be i32 or i64"),
        bad("axis_outside", &gli_op_gather, gather({.axis = 2}), {x, i}, ARGUMENT,
            "axis 2 of a tensor with 2 dimensions"),
        bad("of_a_scalar", &gli_op_gather, gather(), {dims({}), i}, ARGUMENT, "axis 0 of a tensor with 0 dimensions"),
        bad("nine_dimensions", &gli_op_gather, gather(), {eight, dims({1, 1}, GLIA_I64)}, LARGE,
            "y would have 9 dimensions"),
        bad("padding_outside", &gli_op_gather, gather({0, 2, true}), {x, i}, ARGUMENT,
            "padding_index is 2, the axis has 2 elements"),
        bad("too_large", &gli_op_gather, gather(), {x, indices({0, 1, 2})}, ARGUMENT,
            "indices [2] is 2, must be -2 to 1"),
        bad("too_small", &gli_op_gather, gather(), {x, indices({-3})}, ARGUMENT, "indices [0] is -3, must be -2 to 1"),
        bad("size_negative", &gli_op_gather_backward, scatter({}, -1), {dims({4, 3}), i}, ARGUMENT, "size is -1"),
        bad("shape_of_dy", &gli_op_gather_backward, scatter({}, 2), {dims({5, 3}), i}, SHAPE,
            "dy is [5,3], must have the shape of indices [4]"),
        bad("integers", &gli_op_gather_backward, scatter({}, 2), {dims({4, 3}, GLIA_I32), i}, DTYPE,
            "dy is i32, must be a float"),
        bad("too_large", &gli_op_gather_backward, scatter({}, 2), {dims({1, 3}), indices({5})}, ARGUMENT,
            "indices [0] is 5, must be -2 to 1"),
        bad("no_classes", &gli_op_one_hot, one_hot(0), {i}, ARGUMENT, "classes is 0, must be positive"),
        bad("float_indices", &gli_op_one_hot, one_hot(3), {x}, DTYPE, "indices is f32"),
        bad("no_dtype", &gli_op_one_hot, one_hot(3, glia_dtype(99)), {i}, ARGUMENT,
            "dtype is 99, must be 0 (f32) to 6 (i64)"),
        bad("nine_dimensions", &gli_op_one_hot, one_hot(3), {dims({1, 1, 1, 1, 1, 1, 1, 1}, GLIA_I64)}, LARGE,
            "9 dimensions"),
        bad("no_dtype", &gli_op_cast, cast(-1), {x}, ARGUMENT, "dtype is -1, must be 0 (f32) to 6 (i64)"),
    };
    return all;
}

INSTANTIATE_TEST_SUITE_P(movement, BadCall, testing::ValuesIn(bad_calls()), name_of_bad);

// Every provider that reads indices refuses the same ones with the same words.
TEST(Indices, all_providers_behave_alike) {
    for (const gli_op *op : {&gli_op_gather, &gli_op_gather_backward}) {
        const auto params = op == &gli_op_gather ? gather() : scatter({}, 2);
        std::string message;
        for (const char *provider : {"cpu.ref", "cpu.native"}) {
            Session s(provider);
            const auto result = s.call_raw(*op, params.data(), {dims({2, 3}), indices({1, -9})});
            EXPECT_EQ(result.status, GLIA_INVALID_ARGUMENT) << provider;
            EXPECT_TRUE(message.empty() || message == result.message) << result.message;
            message = result.message;
        }
    }
}

TEST(Split, refuses_parts_that_are_not_the_whole) {
    Session s("");
    glia_tensor *x = s.tensor(dims({2, 3})), *y[] = {s.tensor(dims({1, 3})), s.tensor(dims({2, 3}))};
    EXPECT_EQ(glia_split(s.ctx(), nullptr, x, y, 2), GLIA_SHAPE_MISMATCH);
    EXPECT_STREQ(glia_message(s.ctx()), "split: x is [2,3], the 2 parts have 3 along dimension 0 in all");
    EXPECT_EQ(glia_split(s.ctx(), nullptr, nullptr, y, 2), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_split(s.ctx(), nullptr, x, nullptr, 2), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_split(s.ctx(), nullptr, x, y, 0), GLIA_INVALID_ARGUMENT);
    glia_tensor *hole[] = {y[0], nullptr};
    EXPECT_EQ(glia_split(s.ctx(), nullptr, x, hole, 2), GLIA_INVALID_ARGUMENT);
    EXPECT_STREQ(glia_message(s.ctx()), "split: y[1] of 2 is NULL");
    const glia_split_params third{.axis = 2};
    EXPECT_EQ(glia_split(s.ctx(), &third, x, y, 2), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_split(nullptr, nullptr, x, y, 2), GLIA_INVALID_ARGUMENT);
}

TEST(Split, refuses_what_slice_would_before_it_writes) {
    Session s("");
    float memory[4]    = {};
    const auto wrapped = [&](int64_t n, int64_t at, int64_t stride, glia_tensor **out) {
        const int64_t strides[] = {stride};
        ASSERT_EQ(glia_tensor_wrap(s.ctx(), GLIA_F32, GLIA_SHAPE(n), strides, memory + at, out), GLIA_OK);
    };
    glia_tensor *x = s.tensor({{4}, {1, 2, 3, 4}, GLIA_F32}), *matrix = s.tensor(dims({2, 0})), *repeated = nullptr;
    glia_tensor *first = nullptr, *second = nullptr;
    wrapped(2, 0, 1, &first), wrapped(2, 1, 1, &second), wrapped(2, 3, 0, &repeated);
    const struct {
        glia_tensor *x, *y[2];
        int axis;
        glia_status status;
        const char *message;
    } rows[] = {
        {x, {first, s.tensor(dims({2}, GLIA_F64))}, 0, GLIA_DTYPE_MISMATCH, "split: y[1] is f64, must be f32"},
        {x, {first, second}, 0, GLIA_INVALID_ARGUMENT, "split: y[1] overlaps y[0] in memory"},
        {x,
         {first, repeated},
         0,
         GLIA_INVALID_ARGUMENT,
         "split: y[1] [2] has strides [0]: elements of an output may not share memory"},
        {x,
         {s.tensor(dims({4})), s.tensor(dims({0}, GLIA_I64))},
         0,
         GLIA_DTYPE_MISMATCH,
         "split: y[1] is i64, must be f32"},
        {matrix,
         {s.tensor(dims({2, 0})), s.tensor(dims({5, 0}))},
         1,
         GLIA_SHAPE_MISMATCH,
         "split: x is [2,0], y[1] is [5,0]: they differ in dimension 0, not only in 1"},
        {x, {x, s.tensor(dims({0}))}, 0, GLIA_INVALID_ARGUMENT, "split: y[0] overlaps x in memory"},
    };
    for (const auto &row : rows) {
        const glia_split_params params{.axis = row.axis};
        EXPECT_EQ(glia_split(s.ctx(), &params, row.x, row.y, 2), row.status);
        EXPECT_STREQ(glia_message(s.ctx()), row.message);
    }
    EXPECT_EQ(memory[0], 0) << "a part was written";
    for (glia_tensor *t : {first, second, repeated}) glia_tensor_destroy(t);
}

TEST(Concat, refuses_no_list) {
    Session s("");
    const glia_concat_params axis{.axis = 0};
    EXPECT_EQ(glia_concat(s.ctx(), &axis, nullptr, 2, s.tensor(dims({2}))), GLIA_INVALID_ARGUMENT);
}

}  // namespace
