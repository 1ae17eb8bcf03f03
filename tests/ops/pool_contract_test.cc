// Bad calls of the pooling family: each is refused, with the values in the message.
#include <gtest/gtest.h>

#include "support/bad_calls.h"
#include "support/params.h"

namespace {

using namespace glia;

Array zeros(std::vector<int64_t> dims, glia_dtype dtype = GLIA_F32) { return {std::move(dims), {}, dtype}; }
const Array kX = zeros({2, 3, 8, 6});

TEST(MaxPoolContract, refuses_bad_windows) {
    using P          = params::max_pool2d;
    const gli_op &op = gli_op_max_pool2d;
    refuses(op, P{}, {kX}, GLIA_INVALID_ARGUMENT, "kernel is {0,0}, must be positive");
    refuses(op, P{.kernel = {2, -1}}, {kX}, GLIA_INVALID_ARGUMENT, "kernel is {2,-1}");
    refuses(op, P{.kernel = {0, 2}}, {kX}, GLIA_INVALID_ARGUMENT, "kernel is {0,2}, must be positive");
    refuses(op, P{.kernel = {2, 2}, .stride = {0, 1}}, {kX}, GLIA_INVALID_ARGUMENT,
            "stride over rows is 0, must be positive");
    refuses(op, P{.kernel = {2, 2}, .dilation = {1, 0}}, {kX}, GLIA_INVALID_ARGUMENT,
            "dilation over columns is 0, must be positive");
    refuses(op, glia_max_pool2d_params{.kernel = {2, 2}}, {kX}, GLIA_INVALID_ARGUMENT,
            "stride over rows is 0, must be positive");
    refuses(op, P{.kernel = {2, 2}, .stride = {1, -3}}, {kX}, GLIA_INVALID_ARGUMENT, "stride over columns is -3");
    refuses(op, P{.kernel = {2, 2}, .dilation = {-1, 1}}, {kX}, GLIA_INVALID_ARGUMENT, "dilation over rows is -1");
    refuses(op, P{.kernel = {2, 2}, .pad = {-1, 0}}, {kX}, GLIA_INVALID_ARGUMENT, "pad over rows is -1");
    refuses(op, P{.kernel = {3, 3}, .pad = {0, 3}}, {kX}, GLIA_INVALID_ARGUMENT,
            "pad over columns is 3 and 3, must be below the kernel's reach of 3");
    refuses(op, P{.kernel = {3, 3}, .pad_end = {4, 0}}, {kX}, GLIA_INVALID_ARGUMENT, "pad over rows is 0 and 4");
    refuses(op, P{.kernel = {9, 2}}, {kX}, GLIA_SHAPE_MISMATCH,
            "the kernel reaches over 9 rows, the padded input has 8");
    refuses(op, P{.kernel = {2, 4}, .dilation = {1, 2}}, {kX}, GLIA_SHAPE_MISMATCH,
            "the kernel reaches over 7 columns, the padded input has 6");
    refuses(op, P{.kernel = {2, 2}, .activation = GLIA_TANH}, {kX}, GLIA_UNSUPPORTED,
            "activation is tanh, must be linear or relu");
}

TEST(MaxPoolContract, refuses_bad_tensors_and_takes_empty_ones) {
    const params::max_pool2d p{.kernel = {2, 2}};
    const gli_op &op = gli_op_max_pool2d;
    refuses(op, p, {}, GLIA_INVALID_ARGUMENT, "0 inputs, takes 1 to 1");
    refuses(op, p, {zeros({3, 8, 6})}, GLIA_SHAPE_MISMATCH, "x is [3,8,6], must have 4 dimensions");
    refuses(op, p, {zeros({2, 3, 8, 6}, GLIA_U8)}, GLIA_DTYPE_MISMATCH, "x is u8, must be a float");
    refuses(op, p, {zeros({2, 3, 0, 6})}, GLIA_SHAPE_MISMATCH, "0 rows and 6 columns have no elements");
    Session session("");
    EXPECT_EQ(session.call(op, p, {zeros({0, 3, 8, 6})}).status, GLIA_OK);
    EXPECT_EQ(session.call(op, p, {zeros({2, 0, 8, 6})}).status, GLIA_OK);
}

TEST(MaxPoolBackwardContract, refuses_bad_calls) {
    using P          = params::max_pool2d_backward;
    const gli_op &op = gli_op_max_pool2d_backward;
    const Array dy = zeros({2, 3, 4, 3}), indices = zeros({2, 3, 4, 3}, GLIA_I32);
    refuses(op, P{}, {dy, indices}, GLIA_INVALID_ARGUMENT, "size is {0,0}, must be positive");
    refuses(op, P{.size = {8, -6}}, {dy, indices}, GLIA_INVALID_ARGUMENT, "size is {8,-6}");
    refuses(op, P{.size = {8, 6}}, {dy, zeros({2, 3, 4, 3}, GLIA_I64)}, GLIA_DTYPE_MISMATCH,
            "indices is i64, must be i32");
    refuses(op, P{.size = {8, 6}}, {zeros({2, 3, 4, 3}, GLIA_I32), indices}, GLIA_DTYPE_MISMATCH,
            "dy is i32, must be a float");
    refuses(op, P{.size = {8, 6}}, {dy, zeros({2, 3, 3, 4}, GLIA_I32)}, GLIA_SHAPE_MISMATCH,
            "indices is [2,3,3,4], must be [2,3,4,3]");
    refuses(op, P{.size = {8, 6}, .pool = {.kernel = {2, -2}}}, {dy, indices}, GLIA_INVALID_ARGUMENT,
            "kernel is {2,-2}, must be positive");
    refuses(op, P{.size = {8, 6}, .pool = {.kernel = {2, 2}, .stride = {2, 0}}}, {dy, indices}, GLIA_INVALID_ARGUMENT,
            "stride over columns is 0, must be positive");
    refuses(op, P{.size = {8, 6}, .pool = {.kernel = {2, 2}, .dilation = {0, 1}}}, {dy, indices}, GLIA_INVALID_ARGUMENT,
            "dilation over rows is 0, must be positive");
    refuses(op, P{.size = {8, 6}, .pool = {.kernel = {2, 3}}}, {dy, indices}, GLIA_SHAPE_MISMATCH,
            "dy is [2,3,4,3], must be [2,3,4,2]");
    refuses(op, P{.size = {8, 6}}, {zeros({2, 3, 4}), indices}, GLIA_SHAPE_MISMATCH,
            "dy is [2,3,4], must have 4 dimensions");
    refuses(op, P{.size = {8, 6}}, {dy, ABSENT}, GLIA_INVALID_ARGUMENT, "indices is NULL");
    refuses(op, P{.size = {1 << 30, 1 << 30}}, {dy, indices}, GLIA_UNSUPPORTED, "more than 2^31-1 elements");
}

TEST(AvgPoolContract, refuses_bad_calls) {
    using P = params::avg_pool2d;
    refuses(gli_op_avg_pool2d, P{}, {kX}, GLIA_INVALID_ARGUMENT, "kernel is {0,0}");
    refuses(gli_op_avg_pool2d, P{.kernel = {2, 2}, .pad = {2, 0}}, {kX}, GLIA_INVALID_ARGUMENT,
            "pad over rows is 2 and 2");
    refuses(gli_op_avg_pool2d, P{.kernel = {2, 2}, .stride = {2, 0}}, {kX}, GLIA_INVALID_ARGUMENT,
            "stride over columns is 0, must be positive");
    refuses(gli_op_avg_pool2d, P{.kernel = {2, 7}}, {kX}, GLIA_SHAPE_MISMATCH, "the kernel reaches over 7 columns");
    refuses(gli_op_avg_pool2d, P{.kernel = {2, 2}}, {zeros({2, 3}, GLIA_F32)}, GLIA_SHAPE_MISMATCH, "x is [2,3]");
    using B = params::avg_pool2d_backward;
    refuses(gli_op_avg_pool2d_backward, B{{.kernel = {2, 2}}, {0, 6}}, {zeros({2, 3, 4, 3})}, GLIA_INVALID_ARGUMENT,
            "size is {0,6}");
    refuses(gli_op_avg_pool2d_backward, B{{.kernel = {2, 2}}, {8, 6}}, {zeros({2, 3, 4, 4})}, GLIA_SHAPE_MISMATCH,
            "dy is [2,3,4,4], must be [2,3,4,3]");
    refuses(gli_op_avg_pool2d_backward, B{{.kernel = {2, 2}, .stride = {0, 2}}, {8, 6}}, {zeros({2, 3, 4, 3})},
            GLIA_INVALID_ARGUMENT, "stride over rows is 0, must be positive");
    refuses(gli_op_avg_pool2d_backward, B{{.kernel = {9, 2}}, {8, 6}}, {zeros({2, 3, 4, 3})}, GLIA_SHAPE_MISMATCH,
            "reaches over 9 rows");
}

TEST(AdaptivePoolContract, refuses_bad_calls_and_takes_empty_ones) {
    using P = params::adaptive_avg_pool2d;
    for (const gli_op *op :
         {&gli_op_adaptive_avg_pool2d, &gli_op_adaptive_avg_pool2d_backward, &gli_op_adaptive_max_pool2d}) {
        refuses(*op, P{}, {kX}, GLIA_INVALID_ARGUMENT, "size is {0,0}, must be positive");
        refuses(*op, P{{1, -1}}, {kX}, GLIA_INVALID_ARGUMENT, "size is {1,-1}");
        refuses(*op, P{{1, 1}}, {zeros({2, 3, 4})}, GLIA_SHAPE_MISMATCH, "is [2,3,4], must have 4 dimensions");
        refuses(*op, P{{1, 1}}, {zeros({2, 3, 4, 0})}, GLIA_SHAPE_MISMATCH, "4 rows and 0 columns have no elements");
        refuses(*op, P{{1, 1}}, {zeros({2, 3, 4, 4}, GLIA_I64)}, GLIA_DTYPE_MISMATCH, "is i64, must be a float");
        refuses(*op, P{{1 << 30, 1 << 30}}, {kX}, GLIA_UNSUPPORTED, "more than 2^31-1 elements");
        Session session("");
        EXPECT_EQ(session.call(*op, P{{2, 2}}, {zeros({0, 3, 4, 4})}).status, GLIA_OK);
    }
}

TEST(InterpolateContract, refuses_bad_calls_and_takes_empty_ones) {
    using P = params::interpolate;
    for (const gli_op *op : {&gli_op_interpolate, &gli_op_interpolate_backward}) {
        refuses(*op, P{}, {kX}, GLIA_INVALID_ARGUMENT, "size[0] is 0, must be positive");
        refuses(*op, P{{1, -1}}, {kX}, GLIA_INVALID_ARGUMENT, "size[1] is -1");
        refuses(*op, P{{1, 1}}, {zeros({2, 3})}, GLIA_SHAPE_MISMATCH, "is [2,3], must have 3 to 5 dimensions");
        refuses(*op, P{{1, 1}}, {zeros({2, 3, 4, 0})}, GLIA_SHAPE_MISMATCH, "there is nothing to interpolate");
        refuses(*op, P{{1, 1}}, {zeros({2, 3, 4, 4}, GLIA_I64)}, GLIA_DTYPE_MISMATCH, "is i64, must be a float");
        refuses(*op, P{{1 << 30, 1 << 30}}, {kX}, GLIA_UNSUPPORTED, "more than 2^31-1 elements");
        refuses(*op, P{{1, 1}, glia_interpolate_mode(2)}, {kX}, GLIA_INVALID_ARGUMENT,
                "mode is 2, must be 0 (nearest) to 1 (linear)");
        Session session("");
        EXPECT_EQ(session.call(*op, P{{2, 2}}, {zeros({0, 3, 4, 4})}).status, GLIA_OK);
    }
}

}  // namespace
