// What the optimizer family refuses, with which status, and whether the message names the offending values.
#include <gtest/gtest.h>

#include <cmath>

#include "support/bad_calls.h"
#include "support/case.h"
#include "support/params.h"

namespace {

using namespace glia;

const auto SHAPE = GLIA_SHAPE_MISMATCH, ARGUMENT = GLIA_INVALID_ARGUMENT, DTYPE = GLIA_DTYPE_MISMATCH;

std::vector<char> sgd(const params::sgd &p = {}) { return bytes_of(p); }
std::vector<char> adam(const params::adam &p = {}) { return bytes_of(p); }
std::vector<char> adagrad(const params::adagrad &p = {}) { return bytes_of(p); }
std::vector<char> rmsprop(const params::rmsprop &p = {}) { return bytes_of(p); }
std::vector<char> clip(double max_norm) { return bytes_of(params::clip_by_norm{max_norm}); }

const std::vector<Bad> &bad_calls() {
    static const gli_op *const s = &gli_op_sgd, *const a = &gli_op_adam, *const g = &gli_op_adagrad,
                               *const m = &gli_op_rmsprop, *const c = &gli_op_clip_by_norm,
                               *const f = &gli_op_check_finite;
    const Array p = dims({3}), rate = dims({}), step = dims({}, GLIA_I64);
    static const std::vector<Bad> all = {
        bad("integers", s, sgd(), {dims({3}, GLIA_I32), p, rate}, DTYPE, "param is i32, must be f32 or f64"),
        bad("grad_shape", s, sgd(), {p, dims({4}), rate}, SHAPE, "grad is [4], must be [3]"),
        bad("grad_dtype", s, sgd(), {p, dims({3}, GLIA_F64), rate}, DTYPE, "param is f32, grad is f64"),
        bad("rate_dtype", s, sgd(), {p, p, dims({}, GLIA_F64)}, DTYPE, "rate is f64, must be f32"),
        bad("rate_shape", s, sgd(), {p, p, dims({1})}, SHAPE, "rate is [1], must have 0 dimensions"),
        bad("no_velocity", s, sgd({.momentum = 0.9}), {p, p, rate}, ARGUMENT, "velocity is NULL, momentum is 0.9"),
        bad("velocity_shape", s, sgd({.momentum = 0.9}), {p, p, rate, dims({2})}, SHAPE,
            "velocity is [2], must be [3]"),
        bad("momentum_negative", s, sgd({.momentum = -1}), {p, p, rate}, ARGUMENT, "momentum is -1"),
        bad("momentum_nan", s, sgd({.momentum = NAN}), {p, p, rate}, ARGUMENT, "momentum is"),
        bad("dampening_alone", s, sgd({.dampening = 0.5}), {p, p, rate}, ARGUMENT, "dampening is 0.5 without momentum"),
        bad("nesterov_alone", s, sgd({.nesterov = true}), {p, p, rate}, ARGUMENT, "nesterov needs momentum"),
        bad("nesterov_dampened", s, sgd({.momentum = 0.9, .dampening = 0.5, .nesterov = true}), {p, p, rate, p},
            ARGUMENT, "they are 0.9 and 0.5"),
        bad("l1_negative", s, sgd({.l1 = -1}), {p, p, rate}, ARGUMENT, "l1 is -1"),
        bad("weight_decay_infinite", s, sgd({.weight_decay = INFINITY}), {p, p, rate}, ARGUMENT, "weight_decay is inf"),
        bad("beta1_is_1", a, adam({.beta1 = 1}), {p, p, rate, step, p, p}, ARGUMENT,
            "beta1 is 1, must be 0 to below 1"),
        bad("beta2_negative", a, adam({.beta2 = -0.5}), {p, p, rate, step, p, p}, ARGUMENT, "beta2 is -0.5"),
        bad("beta1_nan", a, adam({.beta1 = NAN}), {p, p, rate, step, p, p}, ARGUMENT, "beta1 is nan"),
        bad("beta2_nan", a, adam({.beta2 = NAN}), {p, p, rate, step, p, p}, ARGUMENT, "beta2 is nan"),
        bad("epsilon_nan", a, adam({.epsilon = NAN}), {p, p, rate, step, p, p}, ARGUMENT, "epsilon is nan"),
        bad("l1_nan", a, adam({.l1 = NAN}), {p, p, rate, step, p, p}, ARGUMENT, "l1 is nan"),
        bad("epsilon_of_zero_in_f32", a, adam({.epsilon = 1e-50}), {p, p, rate, step, p, p}, ARGUMENT,
            "epsilon is 1e-50, must be 0 or 1.17549e-38 to 3.40282e+38 for f32"),
        bad("epsilon_of_zero_in_f32", g, adagrad({.epsilon = 1e-45}), {p, p, rate, p}, ARGUMENT, "epsilon is 1e-45"),
        bad("epsilon_infinite_in_f32", m, rmsprop({.epsilon = 1e39}), {p, p, rate, p}, ARGUMENT, "epsilon is 1e+39"),
        bad("epsilon_negative", a, adam({.epsilon = -1}), {p, p, rate, step, p, p}, ARGUMENT, "epsilon is -1"),
        bad("weight_decay_negative", a, adam({.weight_decay = -1}), {p, p, rate, step, p, p}, ARGUMENT,
            "weight_decay is -1"),
        bad("skip_dtype", s, sgd(), {p, p, rate, ABSENT, rate}, DTYPE, "skip is f32, must be i64"),
        bad("skip_shape", a, adam(), {p, p, rate, step, p, p, dims({3}, GLIA_I64)}, SHAPE, "skip is [3]"),
        bad("half_dtype", s, sgd(), {p, p, rate, ABSENT, ABSENT, p}, DTYPE, "half is f32, must be bf16 or f16"),
        bad("half_shape", a, adam(), {p, p, rate, step, p, p, ABSENT, dims({2}, GLIA_BF16)}, SHAPE,
            "half is [2], must be [3]"),
        bad("integers", f, {}, {step, step, step}, DTYPE, "x is i64, must be a float"),
        bad("y_dtype", f, {}, {p, step, step, dims({3}, GLIA_F64)}, DTYPE, "x is f32, y is f64"),
        bad("step_dtype", f, {}, {p, rate, step}, DTYPE, "step is f32, must be i64"),
        bad("failed_shape", f, {}, {p, step, dims({1}, GLIA_I64)}, SHAPE, "failed is [1]"),
        bad("step_dtype", a, adam(), {p, p, rate, dims({}, GLIA_I32), p, p}, DTYPE, "step is i32, must be i64"),
        bad("step_shape", a, adam(), {p, p, rate, dims({1}, GLIA_I64), p, p}, SHAPE, "step is [1]"),
        bad("v_shape", a, adam(), {p, p, rate, step, p, dims({3, 1})}, SHAPE, "v is [3,1], must be [3]"),
        bad("m_dtype", a, adam(), {p, p, rate, step, dims({3}, GLIA_F16), p}, DTYPE, "param is f32, m is f16"),
        bad("param_half", s, sgd(), {dims({3}, GLIA_BF16), dims({3}, GLIA_BF16), rate}, DTYPE,
            "param is bf16, must be f32 or f64"),
        bad("five_inputs", a, adam(), {p, p, rate, step, p}, ARGUMENT, "5 inputs, takes 6 to 8"),
        bad("sum_shape", g, adagrad(), {p, p, rate, dims({2})}, SHAPE, "sum is [2], must be [3]"),
        bad("epsilon_nan", g, adagrad({.epsilon = NAN}), {p, p, rate, p}, ARGUMENT, "epsilon is"),
        bad("epsilon_negative", g, adagrad({.epsilon = -1e-10}), {p, p, rate, p}, ARGUMENT, "epsilon is -1e-10"),
        bad("epsilon_negative", m, rmsprop({.epsilon = -1}), {p, p, rate, p}, ARGUMENT, "epsilon is -1"),
        bad("epsilon_nan", m, rmsprop({.epsilon = NAN}), {p, p, rate, p}, ARGUMENT, "epsilon is nan"),
        bad("alpha_nan", m, rmsprop({.alpha = NAN}), {p, p, rate, p}, ARGUMENT, "alpha is nan"),
        bad("alpha_negative", m, rmsprop({.alpha = -0.5}), {p, p, rate, p}, ARGUMENT, "alpha is -0.5"),
        bad("momentum_nan", m, rmsprop({.momentum = NAN}), {p, p, rate, p, p}, ARGUMENT, "momentum is nan"),
        bad("alpha_is_1", m, rmsprop({.alpha = 1}), {p, p, rate, p}, ARGUMENT, "alpha is 1"),
        bad("no_velocity", m, rmsprop({.momentum = 0.5}), {p, p, rate, p}, ARGUMENT,
            "velocity is NULL, momentum is 0.5"),
        bad("no_mean", m, rmsprop({.centered = true}), {p, p, rate, p}, ARGUMENT, "mean is NULL, centered"),
        bad("mean_shape", m, rmsprop({.centered = true}), {p, p, rate, p, ABSENT, dims({4})}, SHAPE,
            "mean is [4], must be [3]"),
        bad("no_norm", c, clip(0), {p}, ARGUMENT, "max_norm is 0, must be positive"),
        bad("norm_negative", c, clip(-1), {p}, ARGUMENT, "max_norm is -1"),
        bad("norm_nan", c, clip(NAN), {p}, ARGUMENT, "max_norm is"),
        bad("integers", c, clip(1), {dims({3}, GLIA_I64)}, DTYPE, "g is i64, must be a float"),
    };
    return all;
}

INSTANTIATE_TEST_SUITE_P(optimizer, BadCall, testing::ValuesIn(bad_calls()), name_of_bad);

TEST(Optimizers, no_tensors_at_all) {
    Session s("");
    EXPECT_EQ(glia_sgd(s.ctx(), nullptr, nullptr), GLIA_INVALID_ARGUMENT);
    EXPECT_STREQ(glia_message(s.ctx()), "sgd: param is NULL");
    EXPECT_EQ(glia_adam(s.ctx(), nullptr, nullptr), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_adagrad(s.ctx(), nullptr, nullptr), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_rmsprop(s.ctx(), nullptr, nullptr), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_adam(nullptr, nullptr, nullptr), GLIA_INVALID_ARGUMENT);
}

}  // namespace
