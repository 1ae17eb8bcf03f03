// Bad calls of the norm family: each is refused, with the values in the message.
#include <gtest/gtest.h>

#include <cmath>

#include "support/bad_calls.h"
#include "support/params.h"

namespace {

using namespace glia;

Array zeros(std::vector<int64_t> dims, glia_dtype dtype = GLIA_F32) { return {std::move(dims), {}, dtype}; }

const double kNan = std::nan("");

TEST(BatchnormContract, refuses_bad_params) {
    const std::vector<Array> x{zeros({2, 3, 4, 4})};
    using P = params::batchnorm;
    refuses(gli_op_batchnorm, P{.epsilon = -1e-5}, x, GLIA_INVALID_ARGUMENT,
            "epsilon is -1e-05, must be 0 to below inf");
    refuses(gli_op_batchnorm, P{.epsilon = kNan}, x, GLIA_INVALID_ARGUMENT, "epsilon is nan");
    refuses(gli_op_batchnorm, P{.epsilon = INFINITY}, x, GLIA_INVALID_ARGUMENT, "epsilon is inf");
    refuses(gli_op_batchnorm, P{.momentum = 1.5}, x, GLIA_INVALID_ARGUMENT, "momentum is 1.5, must be from 0 to 1");
    refuses(gli_op_batchnorm, P{.momentum = -0.1}, x, GLIA_INVALID_ARGUMENT, "momentum is -0.1");
    refuses(gli_op_batchnorm, P{.momentum = kNan}, x, GLIA_INVALID_ARGUMENT, "momentum is nan");
    refuses(gli_op_batchnorm, P{.activation = glia_activation(16)}, x, GLIA_INVALID_ARGUMENT,
            "activation is 16, must be 0 (linear) to 15 (log_softmax)");
    refuses(gli_op_batchnorm, P{.activation = GLIA_SOFTMAX}, x, GLIA_INVALID_ARGUMENT,
            "activation softmax cannot be fused");
}

TEST(BatchnormContract, refuses_bad_tensors) {
    const params::batchnorm p{};
    const gli_op &op = gli_op_batchnorm;
    refuses(op, p, {}, GLIA_INVALID_ARGUMENT, "0 inputs, takes 1 to 6");
    refuses(op, p, {zeros({4})}, GLIA_SHAPE_MISMATCH, "x is [4], must be [N,C,...]");
    refuses(op, p, {zeros({2, 3}, GLIA_I32)}, GLIA_DTYPE_MISMATCH, "x is i32, must be a float");
    refuses(op, p, {zeros({2, 3}), zeros({3}, GLIA_F64)}, GLIA_DTYPE_MISMATCH, "weight is f64");
    refuses(op, p, {zeros({2, 3}), zeros({2})}, GLIA_SHAPE_MISMATCH, "weight is [2], must be [3]");
    refuses(op, p, {zeros({2, 3}), ABSENT, zeros({3, 1})}, GLIA_SHAPE_MISMATCH, "bias is [3,1], must be [3]");
    refuses(op, p, {zeros({2, 3}), ABSENT, ABSENT, zeros({4})}, GLIA_SHAPE_MISMATCH, "running_mean is [4]");
    refuses(op, p, {zeros({2, 3}), ABSENT, ABSENT, ABSENT, zeros({})}, GLIA_SHAPE_MISMATCH, "running_var is []");
    refuses(op, p, {zeros({0, 3, 2, 2})}, GLIA_SHAPE_MISMATCH, "x is [0,3,2,2], a channel has no elements");
    refuses(op, p, {zeros({1, 3})}, GLIA_SHAPE_MISMATCH, "x is [1,3], one element a channel has no unbiased variance");
}

TEST(BatchnormBackwardContract, refuses_bad_tensors) {
    const params::batchnorm_backward p{};
    const gli_op &op = gli_op_batchnorm_backward;
    const Array x = zeros({2, 3, 4}), v = zeros({3});
    refuses(op, p, {x, x, v, v}, GLIA_INVALID_ARGUMENT, "4 inputs, takes 5 to 7");
    refuses(op, p, {x, zeros({2, 3, 5}), v, v, v}, GLIA_SHAPE_MISMATCH, "dy is [2,3,5], must be [2,3,4]");
    refuses(op, p, {x, x, zeros({2}), v, v}, GLIA_SHAPE_MISMATCH, "weight is [2], must be [3]");
    refuses(op, p, {x, x, v, zeros({4}), v}, GLIA_SHAPE_MISMATCH, "mean is [4], must be [3]");
    refuses(op, p, {x, x, v, v, zeros({3, 1})}, GLIA_SHAPE_MISMATCH, "rstd is [3,1], must be [3]");
    refuses(op, p, {x, x, v, ABSENT, v}, GLIA_INVALID_ARGUMENT, "mean is NULL");
    refuses(op, p, {x, x, v, v, v, zeros({2, 3, 3})}, GLIA_SHAPE_MISMATCH, "y is [2,3,3], must be [2,3,4]");
    refuses(op, p, {x, x, v, v, v, ABSENT, zeros({2, 3, 3})}, GLIA_SHAPE_MISMATCH, "dy2 is [2,3,3], must be [2,3,4]");
    refuses(op, params::batchnorm_backward{.activation = GLIA_RELU}, {x, x, v, v, v}, GLIA_INVALID_ARGUMENT,
            "y is NULL, the derivative of relu needs it");
    refuses(op, p, {zeros({0, 3}), zeros({0, 3}), v, v, v}, GLIA_SHAPE_MISMATCH, "a channel has no elements");
    refuses(op, p, {zeros({2}), zeros({2}), v, v, v}, GLIA_SHAPE_MISMATCH, "x is [2], must be [N,C,...]");
}

TEST(BatchnormInferenceContract, refuses_bad_calls_and_takes_empty_ones) {
    const params::batchnorm_inference p{};
    const gli_op &op = gli_op_batchnorm_inference;
    const Array x = zeros({2, 3, 4}), v = zeros({3});
    refuses(op, params::batchnorm_inference{.epsilon = -1}, {x, v, v, v, v}, GLIA_INVALID_ARGUMENT, "epsilon is -1");
    refuses(op, params::batchnorm_inference{.epsilon = kNan}, {x, v, v, v, v}, GLIA_INVALID_ARGUMENT, "epsilon is nan");
    refuses(gli_op_batchnorm_inference_backward, params::batchnorm_inference{.epsilon = -1}, {x, x, v, v, v},
            GLIA_INVALID_ARGUMENT, "epsilon is -1");
    refuses(op, p, {x, v, v, ABSENT, v}, GLIA_INVALID_ARGUMENT, "mean is NULL");
    refuses(op, p, {x, v, v, v, ABSENT}, GLIA_INVALID_ARGUMENT, "var is NULL");
    refuses(op, p, {x, v, v, v, zeros({5})}, GLIA_SHAPE_MISMATCH, "var is [5], must be [3]");
    refuses(gli_op_batchnorm_inference_backward, p, {x, v, v, v, v}, GLIA_SHAPE_MISMATCH, "dy is [3], must be [2,3,4]");
    Session session("");
    EXPECT_EQ(session.call(op, p, {zeros({0, 3, 4}), v, v, v, v}).status, GLIA_OK);
    EXPECT_EQ(session.call(op, p, {zeros({2, 3, 0}), v, v, v, v}).status, GLIA_OK);
    EXPECT_EQ(session.call(op, p, {zeros({2, 0, 4}), ABSENT, ABSENT, zeros({0}), zeros({0})}).status, GLIA_OK);
}

TEST(LayernormContract, refuses_bad_calls_and_takes_empty_ones) {
    using P          = params::layernorm;
    const gli_op &op = gli_op_layernorm;
    refuses(op, P{.dims = -1}, {zeros({2, 3})}, GLIA_INVALID_ARGUMENT,
            "dims is -1, must be from 1 to the 2 dimensions of x [2,3]");
    refuses(op, P{.dims = 0}, {zeros({2, 3})}, GLIA_INVALID_ARGUMENT,
            "dims is 0, must be from 1 to the 2 dimensions of x [2,3]");
    refuses(op, P{.epsilon = -1e-5}, {zeros({2, 3})}, GLIA_INVALID_ARGUMENT, "epsilon is -1e-05");
    refuses(op, P{.dims = 3}, {zeros({2, 3})}, GLIA_INVALID_ARGUMENT, "dims is 3");
    refuses(op, P{}, {zeros({})}, GLIA_INVALID_ARGUMENT, "dims is 1, must be from 1 to the 0 dimensions of x []");
    refuses(op, P{.epsilon = kNan}, {zeros({2, 3})}, GLIA_INVALID_ARGUMENT, "epsilon is nan");
    refuses(op, P{}, {zeros({2, 3}), zeros({2})}, GLIA_SHAPE_MISMATCH, "weight is [2], must be [3]");
    refuses(op, P{.dims = 2}, {zeros({2, 3}), ABSENT, zeros({3})}, GLIA_SHAPE_MISMATCH, "bias is [3], must be [2,3]");
    refuses(op, P{}, {zeros({2, 0})}, GLIA_SHAPE_MISMATCH, "x is [2,0], the last 1 dimensions have no elements");
    refuses(op, P{}, {zeros({2, 3}, GLIA_U8)}, GLIA_DTYPE_MISMATCH, "x is u8");
    Session session("");
    const Result empty = session.call(op, P{}, {zeros({0, 3}), zeros({3})});
    EXPECT_EQ(empty.status, GLIA_OK) << empty.message;
}

TEST(LayernormBackwardContract, refuses_bad_tensors) {
    using P          = params::layernorm_backward;
    const gli_op &op = gli_op_layernorm_backward;
    const Array x = zeros({2, 3}), w = zeros({3}), s = zeros({2});
    refuses(op, P{.dims = 4}, {x, x, w, s, s}, GLIA_INVALID_ARGUMENT, "dims is 4");
    refuses(op, P{.dims = 0}, {x, x, w, s, s}, GLIA_INVALID_ARGUMENT, "dims is 0, must be from 1 to the 2 dimensions");
    refuses(op, P{}, {x, w, w, s, s}, GLIA_SHAPE_MISMATCH, "dy is [3], must be [2,3]");
    refuses(op, P{}, {x, x, s, s, s}, GLIA_SHAPE_MISMATCH, "weight is [2], must be [3]");
    refuses(op, P{}, {x, x, w, w, s}, GLIA_SHAPE_MISMATCH, "mean is [3], must be [2]");
    refuses(op, P{}, {x, x, w, s, zeros({2, 1})}, GLIA_SHAPE_MISMATCH, "rstd is [2,1], must be [2]");
    refuses(op, P{}, {x, x, w, s, ABSENT}, GLIA_INVALID_ARGUMENT, "rstd is NULL");
}

TEST(GroupnormContract, refuses_bad_calls_and_takes_empty_ones) {
    using P          = params::groupnorm;
    const gli_op &op = gli_op_groupnorm;
    refuses(op, P{.groups = -2}, {zeros({2, 4, 3})}, GLIA_INVALID_ARGUMENT, "groups is -2, must be positive");
    refuses(op, P{.groups = 0}, {zeros({2, 4, 3})}, GLIA_INVALID_ARGUMENT, "groups is 0, must be positive");
    refuses(op, P{.epsilon = kNan}, {zeros({2, 4, 3})}, GLIA_INVALID_ARGUMENT, "epsilon is nan");
    refuses(op, P{.groups = 3}, {zeros({2, 4, 3})}, GLIA_SHAPE_MISMATCH, "4 channels do not divide into 3 groups");
    refuses(op, P{.epsilon = -1}, {zeros({2, 4, 3})}, GLIA_INVALID_ARGUMENT, "epsilon is -1");
    refuses(op, P{}, {zeros({4})}, GLIA_SHAPE_MISMATCH, "x is [4], must be [N,C,...]");
    refuses(op, P{}, {zeros({2, 4, 0})}, GLIA_SHAPE_MISMATCH, "x is [2,4,0], a group has no elements");
    refuses(op, P{}, {zeros({2, 4, 3}), zeros({2})}, GLIA_SHAPE_MISMATCH, "weight is [2], must be [4]");
    using B       = params::groupnorm_backward;
    const Array x = zeros({2, 4, 3}), w = zeros({4}), s = zeros({2, 2});
    refuses(gli_op_groupnorm_backward, B{.groups = 2}, {x, w, w, s, s}, GLIA_SHAPE_MISMATCH, "dy is [4]");
    refuses(gli_op_groupnorm_backward, B{.groups = 4}, {x, x, w, s, s}, GLIA_SHAPE_MISMATCH,
            "mean is [2,2], must be [2,4]");
    refuses(gli_op_groupnorm_backward, B{.groups = 0}, {x, x, w, s, s}, GLIA_INVALID_ARGUMENT,
            "groups is 0, must be positive");
    refuses(gli_op_groupnorm_backward, B{.groups = 5}, {x, x, w, s, s}, GLIA_SHAPE_MISMATCH, "into 5 groups");
    Session session("");
    EXPECT_EQ(session.call(op, P{.groups = 2}, {zeros({0, 4, 3})}).status, GLIA_OK);
}

TEST(NormContract, has_a_residual_with_batchnorm_alone) {
    Session s("");
    glia_tensor *x = s.tensor(zeros({2, 4, 3})), *dx = s.tensor(zeros({2, 4, 3})), *dy = s.tensor(zeros({2, 4, 3}));
    const glia_norm_gradients gradients{nullptr, nullptr, dy};
    const auto refused = [&](glia_status status, const std::string &op) {
        EXPECT_EQ(status, GLIA_INVALID_ARGUMENT);
        EXPECT_EQ(glia_message(s.ctx()), op + ": dresidual is given, but only batchnorm has a residual");
    };
    refused(glia_layernorm_backward(s.ctx(), nullptr, x, dy, nullptr, dx, &gradients), "layernorm_backward");
    refused(glia_groupnorm_backward(s.ctx(), nullptr, x, dy, nullptr, dx, &gradients), "groupnorm_backward");
    refused(glia_batchnorm_inference_backward(s.ctx(), nullptr, x, dy, nullptr, dx, &gradients),
            "batchnorm_inference_backward");
}

}  // namespace
